import type { Collection } from 'mongodb';
import type { DeliveryRecord } from '../domain/record.ts';
import type { Ending, Metrics, OutcomeStore, RecordedEnding } from '../pipeline/ports.ts';
import { createBatcher } from '../runtime/batcher.ts';
import type { Logger } from '../runtime/logger.ts';
import { retryTransient } from '../runtime/retryTransient.ts';
import { insist, isolate } from '../runtime/isolate.ts';
import { causeOf } from './errorCodes.ts';
import type { Ledger } from './ledger.ts';
import { passes } from './passingErrors.ts';
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
  const { ledger, retries, logger, metrics, signal } = options;
  const records = createRecordWriter(options);
  const trying = { signal, logger, passes };

  /** All of it may be done again: what is there already stays, or is written as it was. */
  const commit = async (endings: readonly Ending[]): Promise<(null | Promise<null>)[]> => {
    const again = async <Result>(what: Step, operation: () => Promise<Result>): Promise<Result> =>
      await retryTransient(operation, { ...trying, what });
    const limit = createPatience(limits.write);
    const recorded = endings.filter(hasRecord);
    const ended = recorded.filter(isToRemember);
    const standing = await again('ledger', () => ledger.add(ended, limit));
    const ready = endings.filter(isReady);
    const settled = ready.filter(hasRecord).map((ending) => asRemembered(ending, standing));
    const shown = settled.filter(isToShow);
    await again('record', () => records.write(shown, limit));
    await again('retry', () => removeRows(retries, ready, limit));
    return endings.map((ending) => (isReady(ending) ? null : finishAside(ending, standing)));
  };

  /** One step for an ending that can't be committed with others: when that is refused for good, it goes on without. */
  const step = async <Result>(
    what: Step,
    { notificationId }: Ending,
    operation: () => Promise<Result>,
  ): Promise<Result | null> => {
    const probe = async (): Promise<unknown> => await probes[what]();
    const insisted = await insist(operation, { ...trying, what, probe });
    if (insisted.kind === 'done') return insisted.result;
    const { error } = insisted;
    const code = causeOf(error);
    metrics.recordFailed(code);
    logger.error('record_failed', { notificationId, code, what, error });
    return null;
  };
  const probes = {
    ledger: async () => await ledger.tryToWrite(limits.write),
    record: async () => await records.tryToWrite(limits.write),
    retry: async () =>
      await withDeadline(limits.write, () => retries.deleteOne({ _id: { $in: [] } })),
  } as const;
  const commitAlone = async (ending: Ending): Promise<null> => {
    const limit = createPatience(limits.write);
    if (hasRecord(ending)) {
      const add = async () => await ledger.add([ending].filter(isToRemember), limit);
      const standing = await step('ledger', ending, add);
      return await finish(ending, standing ?? new Map());
    }
    return await finish(ending, new Map());
  };
  /** What is left to do once it is remembered. */
  const finish = async (ending: Ending, standing: Standing): Promise<null> => {
    const limit = createPatience(limits.write);
    await ending.onRemembered?.();
    if (hasRecord(ending)) {
      const shown = [asRemembered(ending, standing)].filter(isToShow);
      await step('record', ending, async () => await records.write(shown, limit));
    }
    await step('retry', ending, async () => await removeRows(retries, [ending], limit));
    return null;
  };
  /** What else has to be durable first may be refused for a while: nobody else of the batch waits for it. */
  const finishAside = (ending: Ending, standing: Standing): Promise<null> => {
    const finishing = finish(ending, standing);
    // Whoever is given it hears of that later.
    finishing.catch(() => undefined);
    return finishing;
  };
  const batcher = createBatcher<Ending, null>({
    maxSize: 200,
    weight: { atMost: BATCH_BYTES, of: ({ record }) => record?.response?.length ?? 0 },
    lingerMs: 5,
    concurrency: 2,
    async run(endings) {
      return await isolate(endings, commit, { ...trying, what: 'outcome', alone: commitAlone });
    },
  });
  return {
    async end(ending) {
      await batcher.add(ending);
    },
  };
}

type Step = 'ledger' | 'record' | 'retry';
type Standing = ReadonlyMap<string, DeliveryRecord>;

function isReady({ onRemembered }: Ending): boolean {
  return onRemembered === undefined;
}

function isToRemember({ remember }: Ending): boolean {
  return remember;
}

function isToShow({ showRecord }: Ending): boolean {
  return showRecord;
}

function hasRecord(ending: Ending): ending is RecordedEnding {
  return ending.record !== null;
}

/** An end that met one in the ledger: what is shown is what is remembered, whichever of the two that is. */
function asRemembered(ending: RecordedEnding, standing: Standing): RecordedEnding {
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
