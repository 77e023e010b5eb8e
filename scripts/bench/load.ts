import type { Collection } from 'mongodb';
import { delay } from '../../src/runtime/abort.ts';
import { newSms, setStatus, type SmsDocument } from '../harness/smsPlatform.ts';
import { nowUs } from './clock.ts';
import { FIRST_ACCOUNT, FIRST_FLOW } from './site.ts';

const STATUS = 'DELIVERED';
const PER_INSERT = 1_000;
const PER_UPDATE = 500;

/** Puts SMS without a status in place, for the accounts in turn; their ids. */
export async function seed(
  sms: Collection<SmsDocument>,
  count: number,
  accounts: number,
): Promise<readonly string[]> {
  return await seedFor(
    sms,
    Array.from({ length: count }, (_, n) => n % accounts),
  );
}

/** One for each of these accounts, counted from `FIRST_ACCOUNT`; their ids. */
export async function seedFor(
  sms: Collection<SmsDocument>,
  accounts: readonly number[],
): Promise<readonly string[]> {
  const ids: string[] = [];
  while (ids.length < accounts.length) {
    const documents = accounts
      .slice(ids.length, ids.length + PER_INSERT)
      .map((account) =>
        newSms({ accountID: FIRST_ACCOUNT + account, flowId: FIRST_FLOW + account }),
      );
    await sms.insertMany(documents);
    ids.push(...documents.map(({ _id }) => _id));
  }
  return ids;
}

/** By notification id, when its status was sent off to MongoDB, as `nowUs` counts. */
export type WrittenAt = Map<string, number>;

export function notificationId(id: string): string {
  return `${id}:${STATUS}`;
}

/** Sets the status of all as fast as MongoDB takes it. */
export async function writeAtOnce(
  sms: Collection<SmsDocument>,
  ids: readonly string[],
  signal: AbortSignal,
): Promise<WrittenAt> {
  const writtenAt: WrittenAt = new Map();
  for (let from = 0; from < ids.length && !signal.aborted; from += PER_UPDATE) {
    const chunk = ids.slice(from, from + PER_UPDATE);
    const atUs = nowUs();
    for (const id of chunk) writtenAt.set(notificationId(id), atUs);
    await setStatuses(sms, chunk);
  }
  return writtenAt;
}

/** Sets the status of these at once. */
export async function setStatuses(
  sms: Collection<SmsDocument>,
  ids: readonly string[],
): Promise<void> {
  const $set = { deliveryStatus: STATUS, deliveryTime: new Date() };
  await sms.bulkWrite(
    ids.map((_id) => ({ updateOne: { filter: { _id }, update: { $set } } })),
    { ordered: false },
  );
}

/** Sets so many a second, each by itself, whether those before are acknowledged or not. */
export async function writePaced(
  sms: Collection<SmsDocument>,
  ids: readonly string[],
  { perSecond, signal }: { readonly perSecond: number; readonly signal: AbortSignal },
): Promise<WrittenAt> {
  const writtenAt: WrittenAt = new Map();
  const writes: Promise<void>[] = [];
  const startUs = nowUs();
  try {
    for (const [index, id] of ids.entries()) {
      const dueInMs = (startUs + (index * 1_000_000) / perSecond - nowUs()) / 1_000;
      if (dueInMs > 0) await delay(dueInMs, signal);
      writtenAt.set(notificationId(id), nowUs());
      writes.push(setStatus(sms, id, STATUS));
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    await Promise.all(writes);
  }
  return writtenAt;
}
