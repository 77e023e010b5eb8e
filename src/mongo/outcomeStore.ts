import type { Collection } from 'mongodb';
import type { DeliveryRecord } from '../domain/record.ts';
import type { Ending, Metrics, OutcomeStore, RecordedEnding } from '../pipeline/ports.ts';
import { createBatcher } from '../runtime/batcher.ts';
import type { Logger } from '../runtime/logger.ts';
import { retryTransient } from '../runtime/retryTransient.ts';
import type { Ledger } from './ledger.ts';
import { createRecordWriter } from './recordWriter.ts';
import type { StateCollections } from './stateCollections.ts';
import { createPatience, limits, withDeadline, type Limit } from './calls.ts';

export interface OutcomeStoreOptions {
  readonly sms: Collection;
  readonly ledger: Ledger;
  readonly retries: StateCollections['retries'];
  readonly logger: Logger;
  readonly metrics: Pick<Metrics, 'recordFailed'>;
  /** Aborted when the worker can't wait any longer for a write. */
  readonly signal: AbortSignal;
}

/** Responses in one batch, when `RESPONSE_LIMIT` lets them be large. */
const BATCH_BYTES = 8 * 1024 * 1024;

/**
 * Group commit: one majority-acknowledged write costs a round trip and a replication wait, whether it
 * carries one row or two hundred (measured: 0.4 k/s one by one, 11-18 k/s in batches).
 */
export function createOutcomeStore(options: OutcomeStoreOptions): OutcomeStore {
  const { ledger, retries, logger, signal } = options;
  const records = createRecordWriter(options);
  const insist = async <Result>(
    what: string,
    write: (limit: Limit) => Promise<Result>,
  ): Promise<Result> => {
    const patience = createPatience(limits.write);
    return await retryTransient(() => write(patience), { what, signal, logger });
  };
  const batcher = createBatcher<Ending, null>({
    maxSize: 200,
    weight: { atMost: BATCH_BYTES, of: ({ record }) => record?.response?.length ?? 0 },
    lingerMs: 5,
    concurrency: 2,
    async run(endings) {
      const recorded = endings.filter(hasRecord);
      const ended = recorded.filter((ending) => ending.remember);
      const standing = await insist('ledger', (limit) => ledger.add(ended, limit));
      await Promise.all(endings.map(async ({ onRemembered }) => await onRemembered?.()));
      const settled = recorded.map((ending) => asRemembered(ending, standing));
      const shown = settled.filter((ending) => ending.showRecord);
      await insist('record', (limit) => records.write(shown, limit));
      await insist('retry', (limit) => removeRows(retries, endings, limit));
      return endings.map(() => null);
    },
  });
  return {
    async end(ending) {
      await batcher.add(ending);
    },
  };
}

function hasRecord(ending: Ending): ending is RecordedEnding {
  return ending.record !== null;
}

/** An end that met one in the ledger: what is shown is what is remembered, whichever of the two that is. */
function asRemembered(
  ending: RecordedEnding,
  standing: ReadonlyMap<string, DeliveryRecord>,
): RecordedEnding {
  const record = ending.remember ? standing.get(ending.notificationId) : undefined;
  return record === undefined ? ending : { ...ending, record, showRecord: true };
}

/** Only rows still in our hands: whoever has claimed one since sees in the ledger that it has ended. */
async function removeRows(
  retries: StateCollections['retries'],
  endings: readonly Ending[],
  limit: Limit,
): Promise<void> {
  const claimed = endings.filter((ending) => ending.claim !== null);
  if (claimed.length === 0) return;
  const removals = claimed.map(({ notificationId, claim }) => ({
    deleteOne: { filter: { _id: notificationId, 'claim.token': claim } },
  }));
  await withDeadline(limit, () => retries.bulkWrite(removals, { ordered: false }));
}
