import { describe, expect, it } from '@jest/globals';
import type { CreateCollectionOptions, Document } from 'mongodb';
import { freePort } from '../../../scripts/services/freePort.ts';
import { createMongoClient } from '../../../src/mongo/connect.ts';
import { stateCollections } from '../../../src/mongo/database.ts';
import { preflight, type Preflight } from '../../../src/mongo/preflight.ts';
import { startStandaloneMongod, useServers } from '../../support/servers.ts';

const servers = useServers(import.meta.url);

async function preflightAt(
  uri: string,
  collection: string,
  stateDatabase = servers().database,
): Promise<Preflight> {
  const client = createMongoClient(uri, 'preflight under test');
  try {
    const db = client.db(servers().database);
    return await preflight(db.collection(collection), stateCollections(client.db(stateDatabase)));
  } finally {
    await client.close();
  }
}

describe('a replica set', () => {
  it("passes, and tells the collection's identity", async () => {
    const { db, mongodbUri } = servers();
    await db.collection('sms').insertOne({ text: 'Hello' });
    const [info] = await db.listCollections({ name: 'sms' }).toArray();
    expect(await preflightAt(mongodbUri, 'sms')).toEqual({
      collectionUuid: (info as Document)['info'].uuid,
    });
  });

  it('passes without the collection, and does not create it', async () => {
    const { db, mongodbUri } = servers();
    expect(await preflightAt(mongodbUri, 'not_yet')).toEqual({ collectionUuid: null });
    expect(await db.listCollections({ name: 'not_yet' }).toArray()).toEqual([]);
  });

  it('is left as it was but for the collections of our own, which are empty', async () => {
    const { db, mongodbUri } = servers();
    await db.collection('sms').deleteMany({});
    await db.collection('sms').insertMany([{ text: 'one' }, { notify_on_delivery: 'kept' }]);
    const before = await db.collection('sms').find().toArray();
    await preflightAt(mongodbUri, 'sms');
    await preflightAt(mongodbUri, 'sms');
    expect(await db.collection('sms').find().toArray()).toEqual(before);
    const state = stateCollections(db);
    expect(await state.sent.countDocuments()).toBe(0);
    expect(await state.checkpoints.countDocuments()).toBe(0);
    expect((await state.sent.indexes()).map((index) => index.key)).toContainEqual({ expireAt: 1 });
  });

  it('leaves the rows of a worker that ran before alone', async () => {
    const { db, mongodbUri } = servers();
    const { checkpoints } = stateCollections(db);
    await checkpoints.insertOne({ _id: '0', token: 'x' } as never);
    await preflightAt(mongodbUri, 'sms');
    expect(await checkpoints.find().toArray()).toEqual([{ _id: '0', token: 'x' }]);
    await checkpoints.deleteMany({});
  });

  it.each([
    ['a view', { viewOn: 'sms', pipeline: [] }],
    ['a time series collection', { timeseries: { timeField: 'sendTime' } }],
  ])('with %s for a collection is refused', async (kind, options) => {
    const { db, mongodbUri, database } = servers();
    const name = kind.replaceAll(' ', '_');
    await db.createCollection(name, options);
    await expect(preflightAt(mongodbUri, name)).rejects.toMatchObject({
      name: 'ConfigurationError',
      message: `${database}.${name} is ${kind}, which has no change stream: set MONGODB_COLLECTION to the collection of the SMS documents`,
    });
  });
});

describe('a collection of our own that somebody else has made', () => {
  it.each([
    ['with a collation', { collation: { locale: 'en', strength: 2 } }, /has a collation/],
    ['clustered', { clusteredIndex: { key: { _id: 1 }, unique: true } }, /is clustered/],
    ['capped', { capped: true, size: 4_096 }, /is capped/],
    ['as a view', { viewOn: 'sms', pipeline: [] }, /is a view/],
    ['as a time series', { timeseries: { timeField: 'endedAt' } }, /is a time series/],
  ])('is refused when it is made %s', async (_how, options: CreateCollectionOptions, fault) => {
    const { mongo, mongodbUri, database } = servers();
    for (const name of ['sent', 'retries', 'jobs']) {
      const state = mongo.db(`${database.slice(0, 40)}_state`);
      await state.dropDatabase();
      await state.createCollection(`notify_on_delivery_${name}`, options);
      const named = new RegExp(`_state.notify_on_delivery_${name} ${fault.source}`);
      await expect(preflightAt(mongodbUri, 'sms', state.databaseName)).rejects.toMatchObject({
        name: 'ConfigurationError',
        message: expect.stringMatching(named),
      });
      await state.dropDatabase();
    }
  });
});

describe('a standalone', () => {
  it('is refused with what to do', async () => {
    const mongod = await startStandaloneMongod();
    try {
      await expect(preflightAt(mongod.uri, 'sms')).rejects.toMatchObject({
        name: 'ConfigurationError',
        message: expect.stringMatching(/standalone mongod.*make it a replica set/),
      });
    } finally {
      await mongod.close();
    }
  }, 60_000);
});

describe('a server that does not answer', () => {
  it('is no error of configuration', async () => {
    const uri = `mongodb://127.0.0.1:${await freePort()}/?serverSelectionTimeoutMS=100`;
    await expect(preflightAt(uri, 'sms')).rejects.toMatchObject({
      name: 'MongoServerSelectionError',
    });
  });
});
