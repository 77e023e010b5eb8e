import { afterEach, beforeEach, expect, it } from '@jest/globals';
import type { Collection, Document } from 'mongodb';
import { stateCollections } from '../../../src/mongo/database.ts';
import { ensureStateCollections } from '../../../src/mongo/indexes.ts';
import { aDocument, anEndedSubject, aRecord, aRetry, aSubject } from '../../support/builders.ts';
import { createMongoWorker } from '../../support/mongoWorker.ts';
import { useServers } from '../../support/servers.ts';
import { hashOf } from '../../support/somePartitions.ts';
import { until } from '../../support/until.ts';

const HOUR_MS = 3_600_000;
const servers = useServers(import.meta.url);
type Worker = ReturnType<typeof createMongoWorker>;
let first: Worker;
let others: Worker;
let sms: Collection<Document & { _id: string }>;

beforeEach(async () => {
  const { mongo, database, db } = servers();
  await db.dropDatabase();
  await ensureStateCollections(stateCollections(db), undefined, { isPartitioned: true });
  first = createMongoWorker(mongo, database, [0]);
  others = createMongoWorker(mongo, database, [1, 2, 3]);
  sms = db.collection('sms');
});
afterEach(async () => {
  await Promise.all([first.stop(), others.stop()]);
});

const now = Date.now();
const [from, to] = [new Date(now - 60_000), new Date(now)];
const idOf = (name: string): string => `${name}:DELIVERED`;
const anSms = (_id: string, fields: object = {}) => ({
  ...aDocument({ deliveryTime: new Date(now - 30_000) }),
  ...fields,
  _id,
});
const names = Array.from({ length: 700 }, (_, index) => `sms-${index}`);
const known = ['ended', 'waits', 'shown'];

/** New ones, and one each of what is known: by the ledger, a row and the document. */
async function insertAll(): Promise<void> {
  await sms.insertMany([
    ...names.map((name) => anSms(name)),
    ...['ended', 'waits'].map((name) => anSms(name)),
    anSms('shown', { notify_on_delivery: aRecord({ notificationId: idOf('shown') }) }),
    anSms('unusable', { accountID: 'none' }),
    anSms('undated', { deliveryTime: null }),
  ]);
  const record = aRecord({ notificationId: idOf('ended') });
  await first.ctx.recorder.end(anEndedSubject({ smsKey: 'ended' }), record, null);
  const subject = aSubject({ smsKey: 'waits' });
  await others.ctx.retries.schedule(aRetry({ subject }), HOUR_MS);
}

async function rows() {
  return await first.retries.find().toArray();
}

it('parks what a gap scan finds for whoever has its partition, who calls each once', async () => {
  await insertAll();
  await first.gaps.add(from, to);
  expect(await first.scan()).toMatchObject({ recovered: names.length + 1, unplaceable: 1 });

  const parked = (await rows()).filter(({ _id }) => _id !== idOf('waits'));
  expect(parked.map(({ _id }) => _id).toSorted()).toEqual(names.map(idOf).toSorted());
  for (const row of parked) {
    const keyHash = hashOf(row.sms) ?? -1;
    expect(row).toMatchObject({ keyHash, partition: keyHash % 4 });
    expect(row).toMatchObject({ undecided: { isStale: false, lookUps: 0 }, endpoint: '' });
  }
  expect([...first.routes.asked, ...first.sender.sent]).toEqual([]);
  expect(await first.outcomes.row(idOf('unusable'))).not.toBeNull();

  // A successor that scans again parks nothing twice.
  await others.gaps.add(from, to);
  expect(await others.scan()).toMatchObject({ recovered: 0 });
  expect(await rows()).toHaveLength(names.length + 1);

  first.serve();
  others.serve();
  await until('all are called', async () => (await first.retries.countDocuments()) === 1);
  const sentBy = ({ sender }: Worker) => sender.sent.map(({ notificationId }) => notificationId);
  expect([...sentBy(first), ...sentBy(others)].toSorted()).toEqual(names.map(idOf).toSorted());
  const ofFirst = names.filter((name) => (hashOf(name) ?? -1) % 4 === 0);
  expect(sentBy(first).toSorted()).toEqual(ofFirst.map(idOf).toSorted());

  // Nor does one once they have ended.
  await first.gaps.add(from, to);
  expect(await first.scan()).toMatchObject({ recovered: 0 });
  expect((await rows()).map(({ _id }) => _id)).toEqual([idOf('waits')]);
  for (const name of known) expect(sentBy(first)).not.toContain(idOf(name));
});
