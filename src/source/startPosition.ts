import type { StreamPosition } from '../domain/change.ts';
import type { ChangeSource, CheckpointStore, GapStore } from '../ports/source.ts';
import type { Metrics } from '../ports/telemetry.ts';
import type { Logger } from '../runtime/logger.ts';

export interface StartPositionDeps {
  readonly source: ChangeSource;
  readonly checkpoints: CheckpointStore;
  readonly gaps: GapStore;
  /** Where the first start ever begins; null for the present. */
  readonly startAt: Date | null;
  readonly logger: Logger;
  readonly metrics: Metrics;
}

/** Where to start. Saved before it is used: otherwise a crash in between would lose what happens meanwhile. */
export async function startPosition(deps: StartPositionDeps): Promise<StreamPosition | 'fenced'> {
  const { source, checkpoints, startAt, logger } = deps;
  const saved = await checkpoints.load();
  if (saved !== null && saved.doubt === null) return saved.position;
  let position: StreamPosition;
  if (saved !== null) {
    const { wallTime } = saved.position;
    logger.error('checkpoint_invalid', { doubt: saved.doubt, at: wallTime });
    position = await source.currentPosition();
    await recordGap(wallTime, position.wallTime, deps);
  } else if (startAt !== null) {
    position = await source.positionAt(startAt);
  } else {
    position = await source.currentPosition();
  }
  return (await checkpoints.save(position)) === 'fenced' ? 'fenced' : position;
}

/** Records that what was written between these times has to be scanned for. Clocks may disagree on their order. */
export async function recordGap(
  from: Date,
  until: Date,
  { gaps, metrics }: Pick<StartPositionDeps, 'gaps' | 'metrics'>,
): Promise<void> {
  await gaps.add(from < until ? from : until, until);
  metrics.gapFound();
}
