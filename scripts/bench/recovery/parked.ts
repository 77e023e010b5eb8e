import type { Settings } from '../benchWorker.ts';
import { comesTrue } from '../comesTrue.ts';
import type { Lab } from '../lab.ts';
import { writeAtOnce } from '../load.ts';
import type { Place } from '../places.ts';

/** A first failure goes to durable state at once, and comes back soon. */
export const PARKING: Settings = {
  QUICK_RETRIES: '',
  RETRY_SCHEDULE: '2s,2s,2s,2s,2s,2s,2s,2s',
};

const LIMIT_MS = 120_000;

/** Sets the status of all, whose endpoint is to be dead, and waits until they are parked; how many are. */
export async function park(
  { signal }: Pick<Lab, 'signal'>,
  { sms }: Place,
  ids: readonly string[],
): Promise<number> {
  const parked = sms.db.collection('notify_on_delivery_retries');
  await writeAtOnce(sms, ids, signal);
  // From the collection's metadata, since a count reads all of them.
  await comesTrue(async () => (await parked.estimatedDocumentCount()) >= ids.length, {
    limitMs: LIMIT_MS,
    everyMs: 100,
    signal,
  });
  return await parked.countDocuments();
}
