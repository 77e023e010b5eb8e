import type { StatisticsStore } from '../ports/statistics.ts';
import { delay, ignoreStopping, orAbort, withPatience } from '../runtime/abort.ts';
import type { Logger } from '../runtime/logger.ts';
import { createBackoff } from '../runtime/retry.ts';
import type { EndpointCounts } from './endpointCounts.ts';

/** Times 1 to 1.5, so that workers do not all write at once. */
const WRITE_EVERY_MS = 10_000;
/** While a write is refused. */
const SELDOM_MS = 300_000;
/** Each takes some 40 µs, in which calls wait. */
const ROWS_AT_ONCE = 100;
/** More rows than this are written more seldom: 40 ms in 10 s is what they may take. */
const ROWS_EACH_TIME = 1_000;
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
  /** How many there were. */
  const writeAll = async (signal: AbortSignal): Promise<number> => {
    // Not until nothing has changed, which may never be.
    const rows = counts.changed();
    for (let row = 0; row < rows; row += ROWS_AT_ONCE) await writeSome(signal);
    return rows;
  };
  const keepTrying = async (stopping: AbortSignal): Promise<void> => {
    const backoff = createBackoff({ minMs: 2 * writeEveryMs, maxMs: SELDOM_MS, random });
    let failures = 0;
    let waitMs = writeEveryMs;
    for (;;) {
      await counts.untilChanged(stopping);
      await delay(waitMs * (1 + random() / 2), stopping);
      try {
        waitMs = writeEveryMs * Math.max(1, (await writeAll(stopping)) / ROWS_EACH_TIME);
        failures = 0;
        backoff.reset();
      } catch (error) {
        stopping.throwIfAborted();
        // Once: it may be refused for good, and nothing depends on it.
        if (failures === 0) logger.warn('database_retry', { what: 'statistics', error });
        failures += 1;
        waitMs = backoff.next();
      }
    }
  };

  return {
    async keepWritten(stopping) {
      await keepTrying(stopping).catch(ignoreStopping);
    },
    async writeLast(abandoned) {
      if (abandoned.aborted) return;
      await withPatience(LAST_WRITE_MS, abandoned, writeAll).catch(() => 0);
    },
  };
}
