import { delay } from '../runtime/abort.ts';
import type { Logger } from '../runtime/logger.ts';
import { ensureStateCollections, type StateCollections } from './stateCollections.ts';

const EVERY_MS = 10_000;

/**
 * Sees to it, until `stopping`, that the worker's own collections have their indexes, also after somebody has dropped
 * them: a collection comes back with its next row, but without any, and what is due is asked for by one.
 */
export async function keepIndexes(
  state: Pick<StateCollections, 'sent' | 'retries'>,
  { logger, stopping }: { readonly logger: Logger; readonly stopping: AbortSignal },
): Promise<void> {
  while (!stopping.aborted) {
    await delay(EVERY_MS, stopping).catch(() => undefined);
    if (stopping.aborted) return;
    try {
      for (const collection of await ensureStateCollections(state)) {
        logger.error('indexes_created', { collection });
      }
    } catch (error) {
      logger.warn('database_retry', { what: 'indexes', error });
    }
  }
}
