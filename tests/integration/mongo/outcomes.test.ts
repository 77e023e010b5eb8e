import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Decimal128, Long, ObjectId, UUID, type Document, type MongoClient } from 'mongodb';
import { createMongoClient } from '../../../src/mongo/connect.ts';
import { createOutcomes, type Outcomes } from '../../support/mongoOutcomes.ts';
import { delivered, failed, skipped, summary } from '../../support/mongoRecords.ts';
import { mongoClientFor, useServers } from '../../support/servers.ts';
import { anEnding } from '../../support/someEndings.ts';

const servers = useServers(import.meta.url);
let client: MongoClient;
let outcomes: Outcomes;

beforeAll(async () => {
  client = createMongoClient(servers().mongodbUri, 'outcomes under test');
  outcomes = createOutcomes(client, servers().database);
});
afterAll(async () => {
  await client.close();
});

async function insertSms(_id: unknown, fields: Document = {}): Promise<void> {
  await outcomes.sms.insertOne({ _id: _id as never, deliveryStatus: 'DELIVERED', ...fields });
}

describe('the end of a notification', () => {
  it('is in the ledger and in the document', async () => {
    await insertSms('whole', { text: 'Hello' });
    const ending = anEnding('whole');
    await outcomes.store.end(ending);
    expect(await outcomes.sms.findOne({ _id: 'whole' as never })).toEqual({
      _id: 'whole',
      deliveryStatus: 'DELIVERED',
      text: 'Hello',
      notify_on_delivery: ending.record,
    });
    expect(await outcomes.row('whole:DELIVERED')).toMatchObject({ record: ending.record });
  });

  it('that is not to be shown is in the ledger only', async () => {
    await insertSms('hidden');
    const record = skipped('DELIVERED', { at: 1 });
    await outcomes.store.end(anEnding('hidden', { record, showRecord: false }));
    expect(await outcomes.shown('hidden')).toBeUndefined();
    expect(await outcomes.row('hidden:DELIVERED')).toMatchObject({ state: 'skipped' });
  });

  it('that only restores the record leaves the ledger alone', async () => {
    await insertSms('restored');
    const ending = anEnding('restored', { remember: false });
    await outcomes.store.end(ending);
    expect(await outcomes.shown('restored')).toEqual(ending.record);
    expect(await outcomes.row('restored:DELIVERED')).toBeNull();
  });

  it('is in a document that showed no record when it was read, whatever it shows by now', async () => {
    const second = delivered('DELIVERED', { at: 2 });
    const first = failed('SENT', { at: 1, attempts: 1 });
    const ends = [first, second].flatMap((record) =>
      ['none', 'other'].map((id) => anEnding(id, { record, shows: 'none' })),
    );
    await insertSms('none');
    await insertSms('other', { notify_on_delivery: { state: 'of somebody else' } });
    await Promise.all(ends.map(async (ending) => await outcomes.store.end(ending)));
    for (const id of ['none', 'other']) {
      expect(await outcomes.shown(id)).toEqual({
        ...second,
        notificationId: `${id}:DELIVERED`,
        earlier: [summary({ ...first, notificationId: `${id}:SENT` })],
      });
    }
    expect(outcomes.logger.lines).toEqual([]);
  });

  it.each([
    ['an ObjectId', new ObjectId('0123456789abcdef01234567')],
    ['the digits of that ObjectId', '0123456789abcdef01234567'],
    ['a UUID', new UUID('290a4138-5729-475f-95e1-9ff30f851d67')],
    ['a number', 7],
    ['a long', Long.fromString('9007199254740993')],
    ['a decimal', Decimal128.fromString('9007199254740995')],
  ])('reaches a document whose id is %s', async (_, _id) => {
    await insertSms(_id);
    const ending = anEnding(_id, { record: delivered('DELIVERED', { at: 1 }) });
    await outcomes.store.end(ending);
    expect(await outcomes.shown(_id)).toEqual(ending.record);
  });

  it('reaches a document by its whole key', async () => {
    await insertSms('sharded', { region: { code: 'in' }, accountID: 28 });
    const opaque = { region: { code: 'in' }, accountID: 28, _id: 'sharded' };
    await outcomes.store.end(anEnding('sharded', { documentKey: { opaque } }));
    expect(await outcomes.shown('sharded')).toMatchObject({ state: 'delivered' });
    expect(outcomes.logger.of('document_gone')).toEqual([]);
  });

  it('reaches a document whose shard key has changed', async () => {
    await insertSms('moved', { accountID: 29 });
    const opaque = { accountID: 28, _id: 'moved' };
    await outcomes.store.end(anEnding('moved', { documentKey: { opaque } }));
    expect(await outcomes.shown('moved')).toMatchObject({ state: 'delivered' });
    expect(outcomes.logger.of('document_gone')).toEqual([]);
  });

  it('of a deleted document is in the ledger, logged, and creates nothing', async () => {
    await outcomes.store.end(anEnding('deleted'));
    expect(await outcomes.row('deleted:DELIVERED')).toMatchObject({ state: 'delivered' });
    expect(await outcomes.sms.findOne({ _id: 'deleted' as never })).toBeNull();
    expect(outcomes.logger.of('document_gone')).toEqual([
      expect.objectContaining({ fields: { notificationId: 'deleted:DELIVERED', phase: 'record' } }),
    ]);
  });

  it('of a deleted document is not taken for that of an id with the same text', async () => {
    const id = new ObjectId();
    await insertSms(id.toHexString());
    const before = outcomes.logger.of('document_gone').length;
    await Promise.all([
      outcomes.store.end(anEnding(id)),
      outcomes.store.end(anEnding(id.toHexString())),
    ]);
    expect(outcomes.logger.of('document_gone')).toHaveLength(before + 1);
    expect(await outcomes.shown(id.toHexString())).toMatchObject({ state: 'delivered' });
  });
});

describe('group commit', () => {
  it('writes many ends in few commands, each where it belongs', async () => {
    const commands: string[] = [];
    const watched = await mongoClientFor(servers().mongodbUri, { monitorCommands: true });
    watched.on('commandStarted', ({ commandName }) => void commands.push(commandName));
    const many = createOutcomes(watched, servers().database);
    const ids = Array.from({ length: 500 }, (_, index) => `many-${index}`);
    const newer = ids.map((id, at) => anEnding(id, { record: delivered('B', { at: at + 1 }) }));
    const older = ids.map((id, at) => anEnding(id, { record: failed('A', { at }) }));
    try {
      await many.sms.insertMany(ids.map((_id) => ({ _id: _id as never, deliveryStatus: 'B' })));
      commands.length = 0;
      await Promise.all([...newer, ...older].map(many.store.end));
      expect(commands.length).toBeLessThanOrEqual(20);
      expect(commands).toContain('insert');
      const filter = { _id: { $in: ids as never[] } };
      const shown = await many.sms
        .find(filter)
        .sort({ 'notify_on_delivery.statusAt': 1 })
        .toArray();
      expect(shown.map((document: Document) => document['notify_on_delivery'])).toEqual(
        newer.map(({ record }, at) => ({
          ...record,
          earlier: older.slice(at, at + 1).map((ending) => summary(ending.record)),
        })),
      );
      const sent = many.sms.db.collection('notify_on_delivery_sent');
      expect(await sent.countDocuments({ sms: { $in: ids } })).toBe(1_000);
    } finally {
      await watched.close();
    }
  });
});
