import type { Change, StreamPosition } from '../domain/change.ts';
import { takeIn } from '../domain/takeIn.ts';
import { createBatcher } from '../runtime/batcher.ts';
import { Stopping } from '../runtime/abort.ts';
import { toError } from '../runtime/errors.ts';
import { retryTransient } from '../runtime/retryTransient.ts';
import { handleChange, type HandleChangeDeps } from './handleChange.ts';
import type {
  ChangeSource,
  CheckpointStore,
  Lookup,
  LookupRequest,
  LoopHealth,
  SmsStore,
} from './ports.ts';
import { readChanges } from './readChanges.ts';
import { saveCheckpoints } from './saveCheckpoints.ts';
import { createSmsGate } from './smsGate.ts';
import { createWindow } from './window.ts';

export interface PipelineDeps extends Omit<HandleChangeDeps, 'lookUp'> {
  readonly source: ChangeSource;
  readonly checkpoints: CheckpointStore;
  readonly sms: SmsStore;
  readonly health: LoopHealth;
  /** Changes under way at most; each holds one SMS document in memory. */
  readonly windowLimit: number;
  /** Which statuses count; empty for all. */
  readonly deliveryStatuses: ReadonlySet<string>;
}

/**
 * Runs until `stopping`: reads changes, takes each to its end, moves the checkpoint over what is settled.
 * Then finishes what has begun and saves the checkpoint. Rejects with a bug or with what can't be mended
 * by waiting; then, too, nothing is lost, since the checkpoint never passed what was not settled.
 */
export async function runPipeline(deps: PipelineDeps): Promise<void> {
  const { source, checkpoints, logger, metrics, health, stopping, abandoned } = deps;
  const start = await retryTransient(() => startPosition(source, checkpoints), {
    what: 'checkpoint',
    signal: stopping,
    logger,
  });
  const window = createWindow(start, deps.windowLimit);
  metrics.checkpointAt(start.wallTime);
  const underWay = new Set<Promise<void>>();
  let onBug: (bug: Error) => void = () => undefined;
  const bug = new Promise<never>((_resolve, reject) => {
    onBug = reject;
  });
  bug.catch(() => undefined);
  const take = createIntake(deps, (task) => {
    underWay.add(task);
    void task.catch(onBug).finally(() => underWay.delete(task));
  });

  const reading = readChanges({
    source,
    start,
    async onChange(change) {
      take(change, await window.admit(change.position, stopping));
    },
    onPassed: window.passed,
    logger,
    metrics,
    health,
    stopping,
  });
  const saving = saveCheckpoints({ window, checkpoints, logger, metrics, health, stopping });
  await Promise.race([Promise.all([reading, saving]), bug]);
  await Promise.race([Promise.all(underWay), bug]);
  await retryTransient(() => checkpoints.save(window.watermark), {
    what: 'checkpoint',
    signal: abandoned,
    logger,
  });
}

/** Saved before it is used: a crash in between would otherwise lose what happens in that time. */
async function startPosition(
  source: ChangeSource,
  checkpoints: CheckpointStore,
): Promise<StreamPosition> {
  const saved = await checkpoints.load();
  if (saved !== null) return saved;
  const position = await source.currentPosition();
  await checkpoints.save(position);
  return position;
}

/** Starts the handling of one change; `settle` is called when it may be forgotten. */
function createIntake(
  deps: PipelineDeps,
  track: (task: Promise<void>) => void,
): (change: Change, settle: () => void) => void {
  const { metrics, logger, deliveryStatuses } = deps;
  const gate = createSmsGate();
  const batcher = createBatcher<LookupRequest, Lookup>({
    maxSize: 500,
    lingerMs: 0,
    concurrency: 4,
    run: (requests) => deps.sms.lookUp(requests),
  });
  const handling: HandleChangeDeps = { ...deps, lookUp: (request) => batcher.add(request) };

  return (change, settle) => {
    const intake = takeIn(change, deliveryStatuses);
    if (intake.kind === 'filtered') {
      metrics.notNotified('filtered_status');
      settle();
    } else if (intake.kind === 'unusable') {
      metrics.notificationEnded('skipped', 'unusable_document');
      logger.warn('unusable_document', { problem: intake.problem });
      settle();
    } else {
      const { subject } = intake;
      const task = gate
        .enter(subject.smsKey, () => handleChange(change, subject, handling))
        .then(settle, (thrown: unknown) => {
          if (!(thrown instanceof Stopping)) throw toError(thrown);
        });
      track(task);
    }
  };
}
