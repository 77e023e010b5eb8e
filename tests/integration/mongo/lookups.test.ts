import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  Long,
  ObjectId,
  UUID,
  type Collection,
  type CommandStartedEvent,
  type MongoClient,
} from 'mongodb';
import { createMongoClient } from '../../../src/mongo/connect.ts';
import { stateCollections } from '../../../src/mongo/database.ts';
import { createLookups } from '../../../src/mongo/lookups.ts';
import type { Lookup, LookupRequest } from '../../../src/ports/notify.ts';
import { asking } from '../../contract/memoryUnderTest.ts';
import { eachOf } from '../../support/eachOf.ts';
import { createMemoryLogger, type MemoryLogger } from '../../support/memoryLogger.ts';
import { failCommands } from '../../support/mongoFaults.ts';
import { failureOf } from '../../support/mongoOutcomes.ts';
import { usePrivateReplicaSet } from '../../support/mongoReplicaSet.ts';
import { openAtEnd } from '../../support/mongoStream.ts';
import { anEnding } from '../../support/someEndings.ts';
import { until } from '../../support/until.ts';

const appName = 'look-ups under test';
const replicaSet = usePrivateReplicaSet();
let databases = 0;
let client: MongoClient;
let sms: Collection;
let store: { lookUp(requests: readonly LookupRequest[]): Promise<readonly Lookup[]> };
let logger: MemoryLogger;
let stopping: AbortController;

beforeAll(() => {
  client = createMongoClient(replicaSet().uri, appName, { monitorCommands: true });
});
afterAll(async () => {
  await client.close();
});
beforeEach(() => {
  databases += 1;
  const db = client.db(`lookups_${databases}`);
  sms = db.collection('sms');
  const state = stateCollections(db);
  logger = createMemoryLogger();
  stopping = new AbortController();
  const made = createLookups({ sms, state, logger, signal: stopping.signal });
  store = { lookUp: async (requests) => await eachOf(made.lookUp(requests)) };
});

/** The queries that `work` takes. */
async function queriesOf(work: () => Promise<unknown>): Promise<readonly string[]> {
  const commands: string[] = [];
  const note = ({ commandName }: CommandStartedEvent): void => void commands.push(commandName);
  client.on('commandStarted', note);
  try {
    await work();
  } finally {
    client.off('commandStarted', note);
  }
  return commands.filter((name) => ['aggregate', 'find'].includes(name)).toSorted();
}

describe('a look-up', () => {
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

  it('takes one query, whatever it finds', async () => {
    await sms.insertOne({ _id: 'a' as never, to: 'b' });
    const requests = ['a', 'b'].map((id) => asking(anEnding(id)));
    let answers: readonly Lookup[] = [];
    const queries = await queriesOf(async () => {
      answers = await store.lookUp(requests);
    });
    expect(answers.map(({ document }) => document)).toEqual([{ _id: 'a', to: 'b' }, null]);
    expect(queries).toEqual(['aggregate']);
  });

  it('takes two where durable state lies in another database', async () => {
    const state = stateCollections(client.db(`state_${databases}`));
    const { lookUp } = createLookups({ sms, state, logger, signal: stopping.signal });
    await sms.insertOne({ _id: 'a' as never });
    const ending = anEnding('a');
    const row = { _id: ending.notificationId, sms: ending.smsKey };
    await state.retries.insertOne(row as never);
    const queries = await queriesOf(async () => {
      expect(await eachOf(lookUp([asking(ending)]))).toMatchObject([
        { document: { _id: 'a' }, waiting: [{ notificationId: ending.notificationId }] },
      ]);
    });
    expect(queries).toEqual(['aggregate', 'find']);
  });

  it('takes two while documents are too large for one answer, and then one again', async () => {
    const ids = Array.from({ length: 5 }, (_, n) => `large ${n}`);
    const text = 'x'.repeat(4_000_000);
    await sms.insertMany(ids.map((_id) => ({ _id: _id as never, text })));
    const requests = ids.map((id) => asking(anEnding(id)));
    const lookUp = async () => await store.lookUp(requests);
    expect(await queriesOf(lookUp)).toEqual(['aggregate', 'aggregate', 'find']);
    const answers = await lookUp();
    expect(answers.filter(({ isLeft }) => isLeft === true)).toHaveLength(1);
    expect(answers.filter(({ document }) => document?.['text'] === text)).toHaveLength(4);
    expect(await queriesOf(lookUp)).toEqual(['aggregate', 'find']);
    const one = async () => await store.lookUp(requests.slice(0, 1));
    expect(await queriesOf(one)).toEqual(['aggregate', 'find']);
    expect(await queriesOf(one)).toEqual(['aggregate']);
  });

  it('sees each status that the stream has just shown', async () => {
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
    const struck = { appName, commands: ['aggregate'], times: 6 };
    await using failing = await failCommands(replicaSet().admin, struck, fault);
    const answers = await store.lookUp([asking(anEnding('a'))]);
    expect(answers).toEqual([{ document: { _id: 'a' }, ended: [], waiting: [] }]);
    expect(await failing.lift()).toBe(6);
    expect(logger.of('database_retry')[0]).toMatchObject({ fields: { what: 'look-up' } });
  });

  it('is given up when there is no more point in it', async () => {
    const struck = { appName, commands: ['aggregate'] };
    await using _failing = await failCommands(replicaSet().admin, struck, { errorCode: 50 });
    const failure = failureOf(store.lookUp([asking(anEnding('a'))]));
    await until('it was tried', () => logger.lines.length > 0);
    stopping.abort(new Error('stopping'));
    expect(await failure).toMatchObject({ message: 'stopping' });
  });
});
