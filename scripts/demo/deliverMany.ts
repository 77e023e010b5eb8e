import { newSms, setStatus } from '../harness/smsPlatform.ts';
import { count } from './narrator.ts';
import type { SceneTools } from './scene.ts';

export const WRITERS = 16;
const PATIENCE_MS = 60_000;

/** Whose SMS they are, and where its webhook is. */
interface Account {
  readonly accountId: number;
  readonly flowId: number;
  readonly path: string;
}

/**
 * Sets the statuses of so many SMS as fast as 16 writers can. Waits until all are called and recorded, or for as long as
 * that may take; their ids.
 */
export async function deliverMany(
  statuses: number,
  { accountId, flowId, path }: Account,
  { stage: { receiver, sms }, narrator, waitFor }: SceneTools,
): Promise<string[]> {
  const documents = Array.from({ length: statuses }, () =>
    newSms({ accountID: accountId, flowId }),
  );
  await sms.insertMany(documents);
  const ids = documents.map(({ _id }) => _id);
  const before = receiver.requests(path).length;
  const began = performance.now();
  const areAll = (done: number): boolean =>
    done >= statuses || performance.now() - began > PATIENCE_MS;
  const allCalled = (): boolean => {
    const arrived = receiver.requests(path).length - before;
    const bar = '█'.repeat(Math.min(40, (40 * arrived) / statuses)).padEnd(40, '░');
    const rate = count((1_000 * arrived) / (performance.now() - began));
    narrator.progress(`${bar} ${count(arrived)} of ${count(statuses)} called, ${rate}/s`);
    return areAll(arrived);
  };
  const left = ids.values();
  const writers = Array.from({ length: WRITERS }, async () => {
    for (const id of left) await setStatus(sms, id, 'DELIVERED');
  });
  await Promise.all([...writers, waitFor('the calls', allCalled, 2 * PATIENCE_MS)]);
  const recorded = { _id: { $in: ids }, 'notify_on_delivery.state': 'delivered' };
  const allRecorded = async (): Promise<boolean> => areAll(await sms.countDocuments(recorded));
  await waitFor('the records', allRecorded, 2 * PATIENCE_MS);
  return ids;
}

/** How many calls for these SMS the receiver got, and for how many of them. */
export function callsFor(
  ids: readonly string[],
  path: string,
  { stage: { receiver } }: SceneTools,
): Readonly<Record<'calls' | 'distinct', number>> {
  const wanted = new Set(ids.map((id) => `${id}:DELIVERED`));
  const called = receiver
    .requests(path)
    .map(({ headers }) => String(headers['webhook-id']))
    .filter((id) => wanted.has(id));
  return { calls: called.length, distinct: new Set(called).size };
}
