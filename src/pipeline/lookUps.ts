import { weightOf } from '../domain/weight.ts';
import { createBatcher } from '../runtime/batcher.ts';
import type { ByteBudget, Hold } from '../runtime/byteBudget.ts';
import type { Lookup, LookupRequest, SmsStore } from './ports.ts';

/**
 * Batched: what is asked in the same moment is read in the same queries. What a document weighs is added to `hold`.
 * Rejects only because the worker is stopping.
 */
export type LookUp = (request: LookupRequest, hold: Hold) => Promise<Lookup>;

const BATCH_SIZE = 500;
/** What the latest batch counts among those before it. */
const LATEST = 0.5;

interface Waiting {
  readonly request: LookupRequest;
  readonly hold: Hold;
}

/**
 * Documents are read only while there is room for them, by the weight of those before as many as are likely to have
 * room, and of those that turn out to be large the store leaves some for the next batch. What brings its own document
 * needs no room, and does not wait behind those that do.
 */
export function createLookUps({
  sms,
  lookedUp,
  stopping,
}: {
  readonly sms: SmsStore;
  readonly lookedUp: ByteBudget;
  readonly stopping: AbortSignal;
}): LookUp {
  let likelyWeight = 0;
  const documents = createBatcher<Waiting, Lookup>({
    maxSize: () =>
      likelyWeight === 0
        ? BATCH_SIZE
        : Math.min(BATCH_SIZE, Math.max(1, Math.floor(lookedUp.room / likelyWeight))),
    lingerMs: 0,
    concurrency: 1,
    async run(waiting) {
      while (!lookedUp.hasRoom) await lookedUp.untilRoom(stopping);
      const requests = waiting.map(({ request }) => request);
      const lookups = await sms.lookUp(requests);
      let [count, sum] = [0, 0];
      for (const [index, lookup] of lookups.entries()) {
        // One that is read by itself, after the others.
        if (lookup instanceof Promise) continue;
        const { document } = lookup;
        if (document === null) continue;
        const weight = weightOf(document);
        waiting[index]?.hold.add(weight);
        count += 1;
        sum += weight;
      }
      if (count > 0) likelyWeight += LATEST * (sum / count - likelyWeight);
      return lookups;
    },
  });
  const others = createBatcher<LookupRequest, Lookup>({
    maxSize: BATCH_SIZE,
    lingerMs: 0,
    concurrency: 1,
    run: (requests) => sms.lookUp(requests),
  });
  return async (request, hold) => {
    for (;;) {
      const lookup = await (request.wants === 'document'
        ? documents.add({ request, hold })
        : others.add(request));
      if (lookup.isLeft !== true) return lookup;
    }
  };
}
