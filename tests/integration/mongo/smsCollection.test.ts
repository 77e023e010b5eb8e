import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { MongoClient } from 'mongodb';
import { createMongoClient } from '../../../src/mongo/connect.ts';
import { kindOf } from '../../../src/mongo/smsCollection.ts';
import { failCommands } from '../../support/mongoFaults.ts';
import { failureOf } from '../../support/mongoOutcomes.ts';
import { usePrivateReplicaSet } from '../../support/mongoReplicaSet.ts';
import { until } from '../../support/until.ts';

const appName = 'kinds under test';
const replicaSet = usePrivateReplicaSet();
const clusteredIndex = { key: { _id: 1 as const }, unique: true };
const collation = { locale: 'en', strength: 3 };
let client: MongoClient;

beforeAll(() => {
  client = createMongoClient(replicaSet().uri, appName);
});
afterAll(async () => {
  await client.close();
});

it.each([
  ['ordinary', {}, { isClustered: false, hasCollation: false }],
  ['clustered', { clusteredIndex }, { isClustered: true, hasCollation: false }],
  ['collated', { collation }, { isClustered: false, hasCollation: true }],
  ['both', { clusteredIndex, collation }, { isClustered: true, hasCollation: true }],
  ['simple', { collation: { locale: 'simple' } }, { isClustered: false, hasCollation: false }],
])('a collection is %s as it was made', async (name, options, kind) => {
  const sms = await client.db('kinds').createCollection(name, options);
  expect(await kindOf(sms)).toEqual(kind);
});

it('a collection that is not there is an ordinary one', async () => {
  const sms = client.db('kinds').collection('nowhere');
  expect(await kindOf(sms)).toEqual({ isClustered: false, hasCollation: false });
});

it('a collection made anew is known for what it is now', async () => {
  const db = client.db('kinds');
  const sms = await db.createCollection('anew');
  expect((await kindOf(sms)).isClustered).toBe(false);
  await sms.drop();
  await db.createCollection('anew', { clusteredIndex });
  await until('it is clustered', async () => (await kindOf(sms)).isClustered);
  const fault = { appName, commands: ['listCollections'] };
  await using refused = await failCommands(replicaSet().admin, fault, { errorCode: 13 });
  const askedAgainAt = performance.now() + 5_500;
  // What was said last goes on to hold.
  await until('it was asked again', async () => {
    expect((await kindOf(sms)).isClustered).toBe(true);
    return performance.now() > askedAgainAt;
  });
  expect(await failureOf(kindOf(db.collection('other')))).toMatchObject({ code: 13 });
  // The other collection's question is one of them.
  expect(await refused.lift()).toBeGreaterThanOrEqual(2);
});
