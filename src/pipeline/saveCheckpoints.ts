import type { StreamPosition } from '../domain/change.ts';
import { delay, Fenced, orAbort } from '../runtime/abort.ts';
import type { Logger } from '../runtime/logger.ts';
import type { CheckpointStore, LoopHealth, Metrics } from './ports.ts';
import type { Window } from './window.ts';

/** How often a checkpoint that moved over settled changes is saved, and one that only time has moved. */
const MOVED_EVERY_MS = 1_000;
const IDLE_EVERY_MS = 10_000;

export interface SaveCheckpointsDeps {
  readonly window: Window;
  readonly checkpoints: CheckpointStore;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly health: LoopHealth;
  readonly stopping: AbortSignal;
  /** What is known of the position here is void: whoever works on has to begin from the saved one. */
  onFenced(): void;
}

/**
 * Saves the watermark until `stopping`. Also when nothing happens: a position left alone would grow older
 * than the oplog, and with it all it is good for. A save that fails is logged and made again, one that is fenced
 * off is the last. A stop does not wait for one under way: the last one of all comes after it.
 */
export async function saveCheckpoints(deps: SaveCheckpointsDeps): Promise<void> {
  const { window, checkpoints, logger, metrics, health, stopping, onFenced } = deps;
  let saved: StreamPosition = window.watermark;
  let savedChanges = window.settledChanges;
  let savedAtMs = performance.now();
  while (!stopping.aborted) {
    await delay(MOVED_EVERY_MS, stopping).catch(() => undefined);
    if (stopping.aborted) return;
    health.turned('checkpoint');
    const { watermark, settledChanges } = window;
    const isDue = settledChanges !== savedChanges || performance.now() - savedAtMs >= IDLE_EVERY_MS;
    if (watermark === saved || !isDue) continue;
    try {
      await orAbort(checkpoints.save(watermark), stopping);
      saved = watermark;
      savedChanges = settledChanges;
      savedAtMs = performance.now();
      metrics.checkpointAt(watermark.wallTime);
    } catch (error) {
      if (error instanceof Fenced) {
        onFenced();
        return;
      }
      if (stopping.aborted) return;
      logger.warn('checkpoint_save_failed', { error });
    }
  }
}
