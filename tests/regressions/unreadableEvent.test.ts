import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { BSONRegExp, type Collection, type Document, type MongoClient } from 'mongodb';
import type { StreamPosition } from '../../src/domain/change.ts';
import { createMongoClient } from '../../src/mongo/connect.ts';
import { usePrivateReplicaSet } from '../support/mongoReplicaSet.ts';
import { quickChangeSource } from '../support/mongoStream.ts';
import { readSource, type SourceReading } from '../support/readSource.ts';
import { until } from '../support/until.ts';

// An event that no answer can hold, or that the driver refuses to decode, ended the stream again and again at the same
// place; of some a gap was made, "begin at now", and of ids above 8 MB (16493) not even that.
const megabyte = 1024 * 1024;
const replicaSet = usePrivateReplicaSet();
let client: MongoClient;
let sms: Collection;
let start: StreamPosition;

beforeAll(async () => {
  // The cache a test server gets is small enough for it to refuse documents like these.
  const setting = { wiredTigerEngineRuntimeConfig: 'cache_size=1G' };
  await replicaSet()
    .admin.db('admin')
    .command({ setParameter: 1, ...setting });
  client = createMongoClient(replicaSet().uri, 'stream under test');
});
afterAll(async () => {
  await client.close();
});
let collections = 0;
beforeEach(async () => {
  collections += 1;
  sms = client.db('central').collection(`sms_${collections}`);
  await sms.insertOne({});
  start = await quickChangeSource(sms).currentPosition();
});

const SENT = { deliveryStatus: 'SENT' };

function longId(megabytes: number): never {
  return 'a secret '.padEnd(megabytes * megabyte, 'x') as never;
}

/** A regular expression with an option that the driver does not know. It would not write it either. */
function oddRegExp(): BSONRegExp {
  return Object.assign(new BSONRegExp('x', 'i'), { options: 't' });
}

async function untilRead(reading: SourceReading, id: string): Promise<void> {
  await until(`${id} is read`, () => reading.changes.some((change) => change.id === id));
}

/** What is read of these writes, which stand between others, in order: the ids of those that have one. */
async function idsAround(write: () => Promise<unknown>): Promise<unknown[]> {
  await sms.insertMany([
    { _id: 'before 1' as never, ...SENT },
    { _id: 'before 2' as never, ...SENT },
  ]);
  await write();
  await sms.insertMany([
    { _id: 'after 1' as never, ...SENT },
    { _id: 'after 2' as never, ...SENT },
  ]);
  await using reading = readSource(quickChangeSource(sms), start);
  await untilRead(reading, 'after 2');
  expect(reading.gaps).toBe(0);
  // Between 2.8 and 4 MB it depends on what comes after it whether it can be read.
  const isLong = (id: unknown): boolean => typeof id === 'string' && id.startsWith('a secret');
  return reading.changes.map(({ id }) => (isLong(id) ? null : id));
}

const around = (ids: readonly unknown[]): unknown[] => [
  'before 1',
  'before 2',
  ...ids,
  'after 1',
  'after 2',
];

describe('an event too large for an answer is stepped over, and nothing beside it', () => {
  it.each([2.8, 3, 3.6, 4.1, 5, 6.5, 8])('for an id of %d MB', async (megabytes) => {
    const insert = async (): Promise<unknown> =>
      await sms.insertOne({ _id: longId(megabytes), ...SENT });
    expect(await idsAround(insert)).toEqual(around([null]));
  });

  it('of an update and of a whole-document save', async () => {
    await sms.insertMany([{ _id: longId(4.5) }, { _id: longId(5) }]);
    const write = async (): Promise<void> => {
      await sms.updateOne({ _id: longId(4.5) }, { $set: SENT });
      await sms.replaceOne({ _id: longId(5) }, SENT);
    };
    // As they follow one another, one count stands for both.
    expect(await idsAround(write)).toEqual(around([null]));
  });

  it('in a transaction with others', async () => {
    const write = async (): Promise<unknown> =>
      await client.withSession(async (session) => {
        await session.withTransaction(async () => {
          await sms.insertOne({ _id: 'in it' as never, ...SENT }, { session });
          await sms.insertOne({ _id: longId(3), ...SENT }, { session });
          await sms.insertOne({ _id: 'in it too' as never, ...SENT }, { session });
        });
      });
    expect(await idsAround(write)).toEqual(around(['in it', null, 'in it too']));
  });

  it('as often as there is one', async () => {
    const insert = async (): Promise<void> => {
      for (const megabytes of [3, 3.1, 3.2]) {
        await sms.insertOne({ _id: longId(megabytes), ...SENT });
        await sms.insertOne({ _id: `beside ${megabytes}` as never, ...SENT });
      }
    };
    const between = [null, 'beside 3', null, 'beside 3.1', null, 'beside 3.2'];
    expect(await idsAround(insert)).toEqual(around(between));
  });
});

describe('an event with a value that the driver does not decode', () => {
  const odd: Document = {
    deliveryStatus: 'DELIVERED',
    deliveryTime: new Date(7),
    odd: oddRegExp(),
  };

  it.each<[string, () => Promise<unknown>, string]>([
    ['an insert', async () => await sms.insertOne({ _id: 'odd' as never, ...odd }), 'insert'],
    [
      'an update',
      async () => {
        await sms.insertOne({ _id: 'odd' as never });
        await sms.updateOne({ _id: 'odd' as never }, { $set: odd });
      },
      'update',
    ],
    [
      'a whole-document save',
      async () => {
        await sms.insertOne({ _id: 'odd' as never });
        await sms.replaceOne({ _id: 'odd' as never }, odd);
      },
      'replace',
    ],
  ])('is read whole, and so is all beside it: %s', async (_, write, operation) => {
    expect(await idsAround(write)).toEqual(around(['odd']));
    await using reading = readSource(quickChangeSource(sms), start);
    await untilRead(reading, 'odd');
    const written = {
      deliveryStatus: 'DELIVERED',
      deliveryTime: new Date(7),
      odd: { $regularExpression: { pattern: 'x', options: 't' } },
    };
    expect(reading.changes.find(({ id }) => id === 'odd')).toMatchObject({
      operation,
      deliveryStatus: 'DELIVERED',
      document: operation === 'update' ? null : written,
      setFields: operation === 'update' ? written : {},
      documentKey: { opaque: { _id: 'odd' } },
    });
    expect(reading.logger.of('event_unreadable')).toEqual([]);
  });

  it('in its id is one of an SMS that has no name', async () => {
    const insert = async (): Promise<unknown> =>
      await sms.insertOne({ _id: { odd: oddRegExp() } as never, ...SENT });
    const read = { $regularExpression: { pattern: 'x', options: 't' } };
    expect(await idsAround(insert)).toEqual(around([{ odd: read }]));
  });

  it('as its status is one of the SMS, which nobody can be notified of', async () => {
    const insert = async (): Promise<unknown> =>
      await sms.insertOne({ _id: 'odd' as never, deliveryStatus: oddRegExp() });
    expect(await idsAround(insert)).toEqual(around(['odd']));
  });
});
