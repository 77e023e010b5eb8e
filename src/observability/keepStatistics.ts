import type { StatisticsStore } from '../ports/statistics.ts';
import { delay, ignoreStopping, orAbort, withPatience } from '../runtime/abort.ts';
import type { Logger } from '../runtime/logger.ts';
import { createBackoff } from '../runtime/retry.ts';
import type { EndpointCounts } from './endpointCounts.ts';

/** Times 1 to 1.5, so that workers do not all write at once. */
const WRITE_EVERY_MS = 10_000;
/** While a write is refused. */
const SELDOM_MS = 300_000;
const ROWS_AT_ONCE = 500;
const LAST_WRITE_MS = 2_000;

interface StatisticsWriter {
  /** Writes what was counted, some seconds later, until `stopping`. Rests while nothing happens. Never rejects. */
  keepWritten(stopping: AbortSignal): Promise<void>;
  /** Writes what is left, within two seconds and before `abandoned`, or not at all. Never rejects. */
  writeLast(abandoned: AbortSignal): Promise<void>;
}

export function createStatisticsWriter(options: {
  readonly counts: EndpointCounts;
  readonly store: StatisticsStore;
  readonly logger: Logger;
  readonly random?: () => number;
  readonly writeEveryMs?: number;
}): StatisticsWriter {
  const { counts, store, logger, random = Math.random, writeEveryMs = WRITE_EVERY_MS } = options;

  const writeSome = async (signal: AbortSignal): Promise<void> => {
    const { spans, putBack } = counts.take(ROWS_AT_ONCE);
    if (spans.length === 0) return;
    try {
      await orAbort(store.write(spans), signal);
    } catch (error) {
      // Also when nobody waited for it: it may have been written all the same, which does no harm.
      putBack();
      throw error;
    }
  };
  const writeAll = async (signal: AbortSignal): Promise<void> => {
    // Not until nothing has changed, which may never be.
    const batches = Math.ceil(counts.changed() / ROWS_AT_ONCE);
    for (let batch = 0; batch < batches; batch += 1) await writeSome(signal);
  };
  const keepTrying = async (stopping: AbortSignal): Promise<void> => {
    const backoff = createBackoff({ minMs: 2 * writeEveryMs, maxMs: SELDOM_MS, random });
    let failures = 0;
    for (;;) {
      await counts.untilChanged(stopping);
      await delay(failures === 0 ? writeEveryMs * (1 + random() / 2) : backoff.next(), stopping);
      try {
        await writeAll(stopping);
        failures = 0;
        backoff.reset();
      } catch (error) {
        stopping.throwIfAborted();
        // Once: it may be refused for good, and nothing depends on it.
        if (failures === 0) logger.warn('database_retry', { what: 'statistics', error });
        failures += 1;
      }
    }
  };

  return {
    async keepWritten(stopping) {
      await keepTrying(stopping).catch(ignoreStopping);
    },
    async writeLast(abandoned) {
      if (abandoned.aborted) return;
      await withPatience(LAST_WRITE_MS, abandoned, writeAll).catch(() => undefined);
    },
  };
}
