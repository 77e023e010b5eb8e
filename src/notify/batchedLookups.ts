import { weightOf, weightOfRecord } from '../domain/weight.ts';
import { createBatcher, type Batcher } from '../runtime/batcher.ts';
import type { ByteBudget, Hold } from '../runtime/byteBudget.ts';
import type { Lookup, LookupRequest, Lookups } from '../ports/notify.ts';

/**
 * Batched: what is asked in the same moment is read in the same queries. What it brings is added to `hold`: of the
 * budget for documents when a document is asked for, else of that for records. Rejects only because the worker is
 * stopping.
 */
export type BatchedLookup = (request: LookupRequest, hold: Hold) => Promise<Lookup>;

const BATCH_SIZE = 500;
/** While a look-up brings about so much at most, two batches are read beside each other. */
const ORDINARY_BYTES = 8 * 1024;
/** What the latest batch counts among those before it. */
const LATEST = 0.5;

interface Waiting {
  readonly request: LookupRequest;
  readonly hold: Hold;
}

/**
 * Reads only while there is room in memory. The size of a batch is estimated from earlier weights; if a batch proves
 * too large, the store leaves part of it for the next. Changes that bring their own document need only what is
 * remembered, and do not wait behind those that need a document.
 */
export function createBatchedLookups({
  sms,
  lookedUp,
  remembered,
  stopping,
}: {
  readonly sms: Lookups;
  readonly lookedUp: ByteBudget;
  readonly remembered: ByteBudget;
  readonly stopping: AbortSignal;
}): BatchedLookup {
  const documents = createReader(sms, lookedUp, stopping);
  const others = createReader(sms, remembered, stopping);
  return async (request, hold) => {
    const reader = request.wants === 'document' ? documents : others;
    for (;;) {
      const lookup = await reader.add({ request, hold });
      if (lookup.isLeft !== true) return lookup;
    }
  };
}

function createReader(
  sms: Lookups,
  budget: ByteBudget,
  stopping: AbortSignal,
): Batcher<Waiting, Lookup> {
  let likelyWeight = 0;
  return createBatcher<Waiting, Lookup>({
    maxSize: () =>
      likelyWeight === 0
        ? BATCH_SIZE
        : Math.min(BATCH_SIZE, Math.max(1, Math.floor(budget.room / likelyWeight))),
    lingerMs: 0,
    // At ordinary rates, a status need not wait for the look-up of the one before.
    concurrency: () => (likelyWeight > 0 && likelyWeight <= ORDINARY_BYTES ? 2 : 1),
    async run(waiting) {
      while (!budget.hasRoom) await budget.untilRoom(stopping);
      const requests = waiting.map(({ request }) => request);
      const lookups = await sms.lookUp(requests);
      let [count, sum] = [0, 0];
      for (const [index, lookup] of lookups.entries()) {
        // One that is read by itself comes after the others.
        if (lookup instanceof Promise || lookup.isLeft === true) continue;
        const weight = weightOfLookup(lookup);
        if (weight > 0) waiting[index]?.hold.add(weight);
        count += 1;
        sum += weight;
      }
      if (count > 0) likelyWeight += LATEST * (sum / count - likelyWeight);
      return lookups;
    },
  });
}

function weightOfLookup({ document, ended, waiting }: Lookup): number {
  let weight = document === null ? 0 : weightOf(document);
  for (const { record } of ended) if (record !== null) weight += weightOfRecord(record);
  for (const { record } of waiting) if (record !== null) weight += weightOfRecord(record);
  return weight;
}
