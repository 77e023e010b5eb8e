import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { MongoError, MongoServerSelectionError, type Collection, type MongoClient } from 'mongodb';
import { freePort } from '../../../scripts/services/freePort.ts';
import { createMongoClient, openMongo, type MongoConnection } from '../../../src/mongo/connect.ts';
import { ConfigurationError } from '../../../src/runtime/errors.ts';
import { usePrivateReplicaSet } from '../../support/mongoReplicaSet.ts';
import { idsOf, openAtEnd, readsFrom } from '../../support/mongoStream.ts';
import { until } from '../../support/until.ts';

/** A client that is never connected. */
function optionsFor(query: string): MongoClient['options'] {
  return createMongoClient(`mongodb://127.0.0.1/?${query}`, 'our name').options;
}

describe("a client's options", () => {
  it('are ours where the URI says nothing', () => {
    expect(optionsFor('')).toMatchObject({
      appName: 'our name',
      connectTimeoutMS: 5_000,
      heartbeatFrequencyMS: 5_000,
      serverSelectionTimeoutMS: 5_000,
      socketTimeoutMS: 300_000,
      maxIdleTimeMS: 10_000,
      waitQueueTimeoutMS: 5_000,
    });
  });

  it.each([
    ['appName=theirs', { appName: 'theirs', connectTimeoutMS: 5_000 }],
    ['connectTimeoutMS=77', { connectTimeoutMS: 77, heartbeatFrequencyMS: 5_000 }],
    ['heartbeatfrequencyms=777', { heartbeatFrequencyMS: 777, connectTimeoutMS: 5_000 }],
    ['SERVERSELECTIONTIMEOUTMS=7', { serverSelectionTimeoutMS: 7, appName: 'our name' }],
    ['socketTimeoutMS=600000', { socketTimeoutMS: 600_000 }],
    ['maxPoolSize=3&retryWrites=false', { maxPoolSize: 3, retryWrites: false }],
  ])("are the URI's where it says them: %s", (query, options) => {
    expect(optionsFor(query)).toMatchObject(options);
  });

  it.each(['', 'readPreference=secondary', 'readConcernLevel=local', 'w=1', 'w=0&journal=false'])(
    'that nothing may be lost by stay: %s',
    (query) => {
      expect(optionsFor(query)).toMatchObject({
        readPreference: { mode: 'primary' },
        readConcern: { level: 'majority' },
        writeConcern: { w: 'majority' },
      });
    },
  );
});

describe('a URI that can not be used', () => {
  it.each([
    'mongodb://user:pa@ss-word@host/',
    'mongodb://user:pa/ss-word@host/',
    'mongodb://user:pa%ss-word@host/',
    'mongodb://user:pass-word@host:port/',
    'mongodb://user:pass-word@host:99999/',
    'mongodb://user:pass-word@/',
    'mongodb://user:pass-word@host/?unknown=1',
    'mongodb://user:pass-word@host/?connectTimeoutMS=soon',
    'mongodb+srv://user:pass-word@host.example.com:27017/',
    'http://user:pass-word@host/',
    'pass-word',
  ])('is an error of configuration that does not tell it: %s', (uri) => {
    const use = () => createMongoClient(uri, 'our name');
    expect(use).toThrow(ConfigurationError);
    expect(use).toThrow(/^MONGODB_URI can't be used: (?!.*ss-word)/);
    expect(use).not.toThrow(expect.objectContaining({ cause: expect.anything() }));
  });
});

describe('a connection', () => {
  const replicaSet = usePrivateReplicaSet();
  let mongo: MongoConnection;
  let sms: Collection;

  beforeAll(async () => {
    mongo = openMongo({
      uri: `${replicaSet().uri}&connectTimeoutMS=500&heartbeatFrequencyMS=500&serverSelectionTimeoutMS=500`,
      database: 'central',
      collection: 'sms',
      stateDatabase: 'state',
    });
    ({ sms } = mongo);
    await sms.insertOne({});
  });
  afterAll(async () => {
    await mongo.close();
  });

  it('has the collections that were named', () => {
    expect(mongo.sms.namespace).toBe('central.sms');
    expect(mongo.state.sent.namespace).toBe('state.notify_on_delivery_sent');
    expect(mongo.state.checkpoints.namespace).toBe('state.notify_on_delivery_checkpoints');
  });

  it('notices a server that hangs, and works again when it goes on', async () => {
    await using stream = await openAtEnd(sms);
    await expect(mongo.ping()).resolves.toBeUndefined();
    const [mongod] = replicaSet().members;
    await mongod?.pause();
    try {
      await Promise.all([
        expect(stream.handle.read()).rejects.toMatchObject({ kind: 'transient' }),
        expect(sms.findOne({})).rejects.toThrow(MongoError),
        expect(sms.updateOne({}, { $set: { seen: true } })).rejects.toThrow(MongoError),
        expect(mongo.ping()).rejects.toThrow(
          /no server takes writes|has not answered within|timed out/,
        ),
      ]);
    } finally {
      mongod?.resume();
    }
    await until('the server answers again', async () => {
      await mongo.ping();
      return true;
    });
    await sms.insertOne({ _id: 'a' as never, deliveryStatus: 'DELIVERED' });
    expect(idsOf(await readsFrom(sms, stream.position))).toEqual(['a']);
  });

  it('to nobody refuses a ping', async () => {
    const nobody = openMongo({
      uri: `mongodb://127.0.0.1:${await freePort()}/?serverSelectionTimeoutMS=100`,
      database: 'central',
      collection: 'sms',
      stateDatabase: 'state',
    });
    try {
      await expect(nobody.ping()).rejects.toThrow(MongoServerSelectionError);
    } finally {
      await nobody.close();
    }
  });
});
