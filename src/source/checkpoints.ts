import type { StreamPosition } from '../domain/change.ts';
import { orAbort, pause } from '../runtime/abort.ts';
import type { Logger } from '../runtime/logger.ts';
import type { Partition } from '../ports/source.ts';
import type { LoopHealth, Metrics } from '../ports/telemetry.ts';
import type { Watermark } from './watermark.ts';

/** How often the checkpoint is saved when changes were acknowledged, and when only time has passed. */
const MOVED_EVERY_MS = 1_000;
const IDLE_EVERY_MS = 10_000;

interface SaveCheckpointsDeps {
  readonly partition: Pick<Partition, 'id' | 'save' | 'stopping'>;
  readonly watermark: Watermark;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly health: LoopHealth;
}

/**
 * Saves the watermark until `stopping`, also when nothing happens: an old position would drop out of the oplog. A save
 * that fails is logged and repeated; one that is fenced off is the last. A stop does not wait for a save in progress:
 * the final save follows it.
 */
export async function saveCheckpoints(deps: SaveCheckpointsDeps): Promise<void> {
  const { partition, watermark, logger, metrics, health } = deps;
  const { stopping } = partition;
  let saved: StreamPosition = watermark.position;
  let savedAcked = watermark.acked;
  let savedAtMs = performance.now();
  while (!stopping.aborted) {
    await pause(MOVED_EVERY_MS, stopping);
    if (stopping.aborted) return;
    health.turned('checkpoint');
    const { position, acked } = watermark;
    const isDue = acked !== savedAcked || performance.now() - savedAtMs >= IDLE_EVERY_MS;
    if (position === saved || !isDue) continue;
    try {
      if ((await orAbort(partition.save(position), stopping)) === 'fenced') return;
      saved = position;
      savedAcked = acked;
      savedAtMs = performance.now();
      metrics.checkpointAt(partition.id, position.wallTime);
    } catch (error) {
      if (stopping.aborted) return;
      logger.warn('checkpoint_save_failed', { error });
    }
  }
}
