import { orAbort, withPatience } from '../runtime/abort.ts';
import { toError } from '../runtime/errors.ts';
import type { Logger } from '../runtime/logger.ts';
import type { PrometheusMetrics, StateFigures } from './metrics.ts';

/** Figures read less long ago are not read again, however many scrapers there are. */
const FRESH_MS = 5_000;
/** A database that takes longer keeps no scrape waiting: it shows the figures as they were. */
const PATIENCE_MS = 1_000;

type Readers = { readonly [Name in keyof StateFigures]: () => Promise<StateFigures[Name]> };

export interface StateSampler {
  /** Reads at once, and whenever asked from now on. */
  readFrom(readers: Readers): void;
  /** Resolves when the gauges are up to date, or can't be for now. */
  refresh(): Promise<void>;
}

/**
 * Reads the figures of the gauges only when they are scraped, whether this worker has the lease or not. A figure that
 * can't be read stays as it was; other code reports that the database is unreachable.
 */
export function createStateSampler(options: {
  readonly metrics: Pick<PrometheusMetrics, 'stateRead'>;
  readonly logger: Logger;
  readonly stopping: AbortSignal;
}): StateSampler {
  const { metrics, logger, stopping } = options;
  let readers: Readers | null = null;
  let readAt = -Infinity;
  let reading: Promise<void> | null = null;

  const read = async (name: keyof StateFigures, from: Readers): Promise<void> => {
    try {
      const value = await from[name]();
      metrics.stateRead({ [name]: value });
    } catch (thrown) {
      if (!stopping.aborted) logger.debug('database_retry', { what: name, error: toError(thrown) });
    }
  };
  const readAll = async (from: Readers): Promise<void> => {
    readAt = performance.now();
    const names = Object.keys(from) as (keyof StateFigures)[];
    await Promise.all(names.map(async (name) => await read(name, from)));
    reading = null;
  };
  const start = (): Promise<void> | null => {
    const isFresh = performance.now() - readAt < FRESH_MS;
    if (reading === null && readers !== null && !isFresh && !stopping.aborted) {
      reading = readAll(readers);
    }
    return reading;
  };
  return {
    readFrom(from) {
      readers = from;
      void start();
    },
    async refresh() {
      const started = start();
      if (started === null) return;
      await withPatience(PATIENCE_MS, stopping, async (patience) => {
        await orAbort(started, patience).catch(() => undefined);
      });
    },
  };
}
