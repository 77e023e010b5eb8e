import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Long, ObjectId, UUID, type Collection, type MongoClient } from 'mongodb';
import { attemptedRecord } from '../../../src/domain/buildRecord.ts';
import { createMongoClient } from '../../../src/mongo/connect.ts';
import { createLedger, type Ledger } from '../../../src/mongo/ledger.ts';
import { createSmsStore } from '../../../src/mongo/smsStore.ts';
import { stateCollections, type StateCollections } from '../../../src/mongo/stateCollections.ts';
import type { Ending, LedgerEntry, Lookup, LookupRequest } from '../../../src/pipeline/ports.ts';
import { eachOf } from '../../support/eachOf.ts';
import { createMemoryLogger, type MemoryLogger } from '../../support/memoryLogger.ts';
import { failCommands } from '../../support/mongoFaults.ts';
import { anEnding, failureOf, rememberMs } from '../../support/mongoOutcomes.ts';
import { failed } from '../../support/mongoRecords.ts';
import { usePrivateReplicaSet } from '../../support/mongoReplicaSet.ts';
import { createRetries, otherWebhook, parkable, trickyLog } from '../../support/mongoRetries.ts';
import { openAtEnd } from '../../support/mongoStream.ts';
import { until } from '../../support/until.ts';

const appName = 'look-ups under test';
const replicaSet = usePrivateReplicaSet();
let databases = 0;
let client: MongoClient;
let sms: Collection;
let ledger: Ledger;
let retries: StateCollections['retries'];
let store: { lookUp(requests: readonly LookupRequest[]): Promise<readonly Lookup[]> };
let logger: MemoryLogger;
let stopping: AbortController;

beforeAll(() => {
  client = createMongoClient(replicaSet().uri, appName);
});
afterAll(async () => {
  await client.close();
});
beforeEach(() => {
  databases += 1;
  const db = client.db(`lookups_${databases}`);
  sms = db.collection('sms');
  const state = stateCollections(db);
  ledger = createLedger(state.sent, { rememberMs, clock: Date });
  retries = state.retries;
  logger = createMemoryLogger();
  stopping = new AbortController();
  const made = createSmsStore({ sms, state, logger, signal: stopping.signal });
  store = { lookUp: async (requests) => await eachOf(made.lookUp(requests)) };
});

function asking(ending: Ending, wants: 'document' | 'history' = 'document'): LookupRequest {
  const { documentKey, smsKey, notificationId } = ending;
  return { documentKey, smsKey, notificationId, wants };
}

/** Asks what a whole-document save may have removed. */
function askingForRecords({ documentKey, smsKey }: Ending): LookupRequest {
  return { documentKey, smsKey, wants: 'records' };
}

function entryOf({ notificationId, record }: Ending): LedgerEntry {
  return { notificationId, record };
}

describe('a look-up', () => {
  it('answers in the order of the requests, null for a document that is gone', async () => {
    const ids = Array.from({ length: 300 }, (_, index) => `sms-${index}`);
    const present = ids.filter((_, index) => index % 3 !== 0);
    await sms.insertMany(
      present.toReversed().map((_id) => ({ _id: _id as never, to: `to ${_id}` })),
    );
    const backwards = ids.toReversed();
    const answers = await store.lookUp(backwards.map((id) => asking(anEnding(id))));
    expect(answers).toEqual(
      backwards.map((id) => ({
        document: present.includes(id) ? { _id: id, to: `to ${id}` } : null,
        ended: [],
        parked: [],
      })),
    );
  });

  it.each([
    ['a string', 'a'],
    ['an ObjectId', new ObjectId('0123456789abcdef01234567')],
    ['a UUID', new UUID('290a4138-5729-475f-95e1-9ff30f851d67')],
    ['a number', 7],
    ['a long', Long.fromString('9007199254740993')],
  ])('finds a document whose id is %s, its fields in their order', async (_, _id) => {
    await sms.insertOne({ _id: _id as never, z: 1, cost: { amount: 0.75 }, a: new Date(0) });
    const [answer] = await store.lookUp([asking(anEnding(_id))]);
    expect(Object.keys(answer?.document ?? {})).toEqual(['_id', 'z', 'cost', 'a']);
    expect(answer?.document).toMatchObject({ z: 1, cost: { amount: 0.75 }, a: new Date(0) });
  });

  it('finds a document by its whole key, beside others by their ids', async () => {
    await sms.insertMany([
      { _id: 'a' as never, accountID: 28 },
      { _id: 'b' as never, accountID: 29 },
      { _id: 'c' as never, accountID: 30 },
    ]);
    const answers = await store.lookUp([
      asking(anEnding('c', { documentKey: { opaque: { accountID: 30, _id: 'c' } } })),
      asking(anEnding('b', { documentKey: { opaque: { accountID: 29, _id: 'b' } } })),
      asking(anEnding('a')),
    ]);
    expect(answers.map(({ document }) => document?.['_id'])).toEqual(['c', 'b', 'a']);
  });

  it('brings what ended: of this notification, or of the whole SMS', async () => {
    const sent = anEnding('a', { record: failed('SENT', { at: 1 }) });
    const told = anEnding('a');
    await ledger.add([sent, told, anEnding('ab')]);
    await sms.insertOne({ _id: 'a' as never });
    const [history] = await store.lookUp([asking(told, 'history')]);
    expect(history?.document).toBeNull();
    expect(history?.ended).toHaveLength(2);
    expect(history?.ended).toEqual(expect.arrayContaining([sent, told].map(entryOf)));
    expect(await store.lookUp([asking(sent), asking(anEnding('b'), 'history')])).toEqual([
      { document: { _id: 'a' }, ended: [entryOf(sent)], parked: [] },
      { document: null, ended: [], parked: [] },
    ]);
  });

  it('brings what is parked of the SMS, whichever status was asked for', async () => {
    const inMs = (ms: number): Date => new Date(Date.now() + ms);
    const claim = { by: 'worker-2', token: 'token' };
    await retries.insertMany([
      { _id: 'a:SENT', sms: 'a', nextAttemptAt: inMs(3_600_000) },
      { _id: 'a:DELIVERED', sms: 'a', nextAttemptAt: inMs(-60_000) },
      { _id: 'a:READ', sms: 'a', nextAttemptAt: inMs(3_600_000), claim },
      { _id: 'a:FAILED', sms: 'a', nextAttemptAt: inMs(-60_000), claim },
      { _id: 'ab:SENT', sms: 'ab', nextAttemptAt: inMs(3_600_000), claim },
      { _id: 'c:SENT', sms: 'c', nextAttemptAt: inMs(3_600_000), claim },
    ]);
    const requests = [
      asking(anEnding('a')),
      asking(anEnding('b')),
      asking(anEnding('ab'), 'history'),
    ];
    const answers = await store.lookUp(requests);
    const parked = answers.map((answer) =>
      answer.parked.toSorted((one, other) => (one.notificationId < other.notificationId ? -1 : 1)),
    );
    expect(parked).toEqual([
      [
        { notificationId: 'a:DELIVERED', isClaimed: false, record: null },
        { notificationId: 'a:FAILED', isClaimed: false, record: null },
        { notificationId: 'a:READ', isClaimed: true, record: null },
        { notificationId: 'a:SENT', isClaimed: false, record: null },
      ],
      [],
      [{ notificationId: 'ab:SENT', isClaimed: true, record: null }],
    ]);
  });

  it('brings the record of what waits for a retry, unless only the document is asked for', async () => {
    const waiting = parkable('sms-1', { log: trickyLog, webhook: otherWebhook });
    const worker = createRetries(client, sms.dbName);
    await worker.store.park(waiting, 3_600_000);
    await worker.store.park(parkable('sms-1', { deliveryStatus: 'SENT' }), 3_600_000);
    const ofSms = anEnding('sms-1');
    const requests = [asking(ofSms, 'history'), askingForRecords(ofSms), asking(ofSms)];
    const { subject, webhook } = waiting;
    const row = await worker.row(subject.notificationId);
    const standing = { state: 'retrying', nextAttemptAt: row?.['nextAttemptAt'] } as const;
    const record = attemptedRecord(subject, webhook, trickyLog, standing);
    const records = (await store.lookUp(requests)).map(({ parked }) =>
      Object.fromEntries(parked.map((each) => [each.notificationId, each.record])),
    );
    expect(records).toStrictEqual([
      { 'sms-1:DELIVERED': record, 'sms-1:SENT': null },
      { 'sms-1:DELIVERED': record, 'sms-1:SENT': null },
      { 'sms-1:DELIVERED': null, 'sms-1:SENT': null },
    ]);
  });

  it('brings no record of what is being called, but of what was cut off', async () => {
    const { store: parking, rows } = createRetries(client, sms.dbName);
    await parking.parkClaimed(parkable('sms-1', { log: trickyLog }));
    const recordsNow = async (): Promise<readonly unknown[]> => {
      const [answer] = await store.lookUp([asking(anEnding('sms-1'), 'history')]);
      return answer?.parked ?? [];
    };
    expect(await recordsNow()).toMatchObject([{ isClaimed: true, record: null }]);
    await rows.updateMany({}, { $set: { nextAttemptAt: new Date(0) } });
    const shown = { state: 'retrying', attempts: 4 };
    expect(await recordsNow()).toMatchObject([{ isClaimed: false, record: shown }]);
  });

  it('for records reads them all, and of the document only its own, where any could be lost', async () => {
    const sent = anEnding('told', { record: failed('SENT', { at: 1 }) });
    const told = anEnding('told');
    const unseen = anEnding('unseen', { showRecord: false });
    await ledger.add([sent, told, unseen]);
    const record = { state: 'delivered' };
    const fields = { text: 'not asked for', notify_on_delivery: record };
    await sms.insertMany(['told', 'unseen', 'new'].map((id) => ({ _id: id as never, ...fields })));
    const asked = [told, anEnding('new'), unseen].map(askingForRecords);
    const [first, ...others] = await store.lookUp([...asked, asking(anEnding('new'))]);
    expect(first?.document).toEqual({ _id: 'told', notify_on_delivery: record });
    expect(first?.ended).toEqual(expect.arrayContaining([sent, told].map(entryOf)));
    expect(others).toEqual([
      { document: null, ended: [], parked: [] },
      { document: null, ended: [{ ...entryOf(unseen), record: null }], parked: [] },
      { document: { _id: 'new', ...fields }, ended: [], parked: [] },
    ]);
  });

  it('sees each status that the stream has just told', async () => {
    await sms.insertOne({ _id: 'a' as never });
    await using stream = await openAtEnd(sms);
    const writer = replicaSet()
      .admin.db(sms.dbName)
      .collection('sms', { writeConcern: { w: 1 } });
    for (const deliveryStatus of Array.from({ length: 10 }, (_, round) => `STATUS-${round}`)) {
      const written = writer.updateOne({ _id: 'a' as never }, { $set: { deliveryStatus } });
      while ((await stream.handle.read()).kind !== 'change');
      const [answer] = await store.lookUp([asking(anEnding('a'))]);
      expect(answer?.document).toMatchObject({ deliveryStatus });
      await written;
    }
  });
});

describe('a look-up that fails for now', () => {
  it.each([
    ['the primary steps down', { errorCode: 189 }],
    ['the time limit of an operation is exceeded', { errorCode: 50 }],
    ['the connection is lost', { closeConnection: true }],
  ] as const)('is made again: %s', async (_, fault) => {
    await sms.insertOne({ _id: 'a' as never });
    const struck = { appName, commands: ['find'], times: 6 };
    await using failing = await failCommands(replicaSet().admin, struck, fault);
    const answers = await store.lookUp([asking(anEnding('a'))]);
    expect(answers).toEqual([{ document: { _id: 'a' }, ended: [], parked: [] }]);
    expect(await failing.lift()).toBe(6);
    expect(logger.of('database_retry')[0]).toMatchObject({ fields: { what: 'look-up' } });
  });

  it('is given up when there is no more point in it', async () => {
    const struck = { appName, commands: ['find'] };
    await using _failing = await failCommands(replicaSet().admin, struck, { errorCode: 50 });
    const failure = failureOf(store.lookUp([asking(anEnding('a'))]));
    await until('it was tried', () => logger.lines.length > 0);
    stopping.abort(new Error('stopping'));
    expect(await failure).toMatchObject({ message: 'stopping' });
  });
});
