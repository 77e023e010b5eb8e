import { delay } from '../runtime/abort.ts';
import { toError } from '../runtime/errors.ts';
import type { Logger } from '../runtime/logger.ts';
import type { PrometheusMetrics, StateFigures } from './metrics.ts';

const SAMPLE_EVERY_MS = 5_000;

type Readers = { readonly [Name in keyof StateFigures]: () => Promise<StateFigures[Name]> };

export interface SampleStateDeps {
  readonly readers: Readers;
  readonly metrics: Pick<PrometheusMetrics, 'stateRead'>;
  readonly logger: Logger;
  readonly stopping: AbortSignal;
}

/**
 * Reads what the gauges show, at once and every few seconds until `stopping`, whether this worker has the
 * lease or not. A figure that can't be read stays as it was; that the database is away is told elsewhere.
 */
export async function sampleState(deps: SampleStateDeps): Promise<void> {
  const { stopping } = deps;
  const stopped = new Promise<void>((resolve) => {
    stopping.addEventListener('abort', () => resolve(), { once: true });
  });
  while (!stopping.aborted) {
    // A stop does not wait for a database that does not answer.
    await Promise.race([sampleOnce(deps), stopped]);
    await delay(SAMPLE_EVERY_MS, stopping).catch(() => undefined);
  }
}

async function sampleOnce({ readers, metrics, logger, stopping }: SampleStateDeps): Promise<void> {
  const sample = async (name: keyof StateFigures): Promise<void> => {
    try {
      const value = await readers[name]();
      metrics.stateRead({ [name]: value });
    } catch (thrown) {
      if (!stopping.aborted) logger.debug('database_retry', { what: name, error: toError(thrown) });
    }
  };
  await Promise.all((Object.keys(readers) as (keyof StateFigures)[]).map(sample));
}
