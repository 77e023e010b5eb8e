import type { Collection } from 'mongodb';
import type { Ending, Metrics, OutcomeStore } from '../pipeline/ports.ts';
import { createBatcher } from '../runtime/batcher.ts';
import type { Logger } from '../runtime/logger.ts';
import { retryTransient } from '../runtime/retryTransient.ts';
import type { Ledger } from './ledger.ts';
import { createRecordWriter } from './recordWriter.ts';
import { withoutCommands } from './withoutCommands.ts';

export interface OutcomeStoreOptions {
  readonly sms: Collection;
  readonly ledger: Ledger;
  readonly logger: Logger;
  readonly metrics: Pick<Metrics, 'recordFailed'>;
  /** Aborted when the worker can't wait any longer for a write. */
  readonly signal: AbortSignal;
}

/**
 * Group commit: one majority-acknowledged write costs a round trip and a replication wait, whether it
 * carries one row or two hundred (measured: 0.4 k/s one by one, 11-18 k/s in batches).
 */
export function createOutcomeStore(options: OutcomeStoreOptions): OutcomeStore {
  const { ledger, logger, signal } = options;
  const records = createRecordWriter(options);
  const insist = async (what: string, write: () => Promise<void>): Promise<void> => {
    await retryTransient(() => withoutCommands(write), { what, signal, logger });
  };
  const batcher = createBatcher<Ending, null>({
    maxSize: 200,
    lingerMs: 5,
    concurrency: 2,
    async run(endings) {
      const ended = endings.filter((ending) => !ending.restoresRecord);
      const shown = endings.filter((ending) => ending.showRecord);
      await insist('ledger', () => ledger.add(ended));
      await insist('record', () => records.write(shown));
      return endings.map(() => null);
    },
  });
  return {
    async end(ending) {
      await batcher.add(ending);
    },
  };
}
