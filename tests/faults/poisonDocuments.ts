import { randomUUID } from 'node:crypto';
import { Binary, Long, type Collection } from 'mongodb';
import { newSms, type SmsDocument } from '../../scripts/harness/smsPlatform.ts';
import { undecodable } from '../support/oddBson.ts';
import { flowOf } from './load.ts';
import { unrecordable } from './verdict.ts';

type Sms = Collection<SmsDocument>;

/** Whose SMS they are. */
export const poisonedAccount = 3;
const status = { deliveryStatus: 'DELIVERED', deliveryTime: new Date() } as const;

/** Marked, so that nobody but the worker comes across what the driver refuses to read. */
function poisoned(fields: Readonly<Record<string, unknown>> = {}): SmsDocument {
  const account = { accountID: poisonedAccount, flowId: flowOf(poisonedAccount) };
  return newSms({ ...account, [unrecordable]: true, ...fields });
}

const unsendableIds: readonly (() => unknown)[] = [
  () => `${randomUUID()}${'x'.repeat(40_000)}`,
  () => `${randomUUID()}${'क'.repeat(3_700)}`,
  () => `${randomUUID()}${'y'.repeat(1024 * 1024)}`,
  () => ({ odd: undecodable.regex(randomUUID()) }),
  () => ({ odd: undecodable.binary(), not: randomUUID() }),
  () => ({ not: randomUUID() }),
  () => Math.random(),
];

const unsendableStatuses: readonly unknown[] = [
  undecodable.regex(),
  undecodable.binary(),
  '',
  'S'.repeat(2_000),
  5,
  true,
  Long.fromNumber(7),
  ['DELIVERED'],
  { status: 'DELIVERED' },
  new Date(0),
  new Binary(Buffer.from('DELIVERED')),
];

/** Statuses of which nobody can be notified; how many. */
export async function writeUnsendable(sms: Sms): Promise<number> {
  for (const idOf of unsendableIds) {
    const inserted = poisoned({ _id: idOf() });
    await sms.insertOne({ ...inserted, ...status });
    await saveWithoutStatus(sms, inserted);
    const updated = poisoned({ _id: idOf() });
    await sms.insertOne(updated);
    await sms.updateOne({ _id: updated._id }, { $set: status });
    await saveWithoutStatus(sms, updated);
  }
  for (const deliveryStatus of unsendableStatuses) {
    await sms.insertOne(poisoned({ deliveryStatus }));
    const updated = poisoned();
    await sms.insertOne(updated);
    await sms.updateOne({ _id: updated._id }, { $set: { deliveryStatus } });
  }
  return 2 * (unsendableIds.length + unsendableStatuses.length);
}

/** By a program that had read it before its status was there. */
async function saveWithoutStatus(sms: Sms, document: SmsDocument): Promise<void> {
  await sms.replaceOne({ _id: document._id }, { ...document, again: true });
}

/** Documents that the driver refuses to read, and whose status is to be notified all the same; their ids. */
export async function writeUndecodable(sms: Sms): Promise<readonly string[]> {
  const ids: string[] = [];
  for (const odd of [undecodable.regex(), undecodable.binary()]) {
    const inserted = poisoned({ odd, ...status });
    await sms.insertOne(inserted);
    const [replaced, set, found] = [poisoned(), poisoned(), poisoned({ odd })];
    await sms.insertMany([replaced, set, found]);
    await sms.replaceOne({ _id: replaced._id }, { ...replaced, odd, ...status });
    await sms.updateOne({ _id: set._id }, { $set: { odd, ...status } });
    await sms.updateOne({ _id: found._id }, { $set: status });
    ids.push(...[inserted, replaced, set, found].map(({ _id }) => _id));
  }
  return ids;
}

/** The whole save of an SMS whose history the worker reads, and finds this row in. */
export async function writeWithOddHistory(
  sms: Sms,
  sent: Collection<{ _id: string }>,
): Promise<readonly string[]> {
  const documents = [undecodable.regex(), 5, { state: 'delivered' }].map((record) => ({
    record,
    document: poisoned(),
  }));
  for (const { record, document } of documents) {
    const row = { _id: `${document._id}:SENT`, sms: document._id, record, expireAt: 'never' };
    await sent.insertOne(row);
    await sms.insertOne(document);
    await sms.replaceOne({ _id: document._id }, { ...document, ...status });
  }
  return documents.map(({ document }) => document._id);
}
