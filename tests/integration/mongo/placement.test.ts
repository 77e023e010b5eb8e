import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Binary, BSONRegExp, Decimal128, type Document } from 'mongodb';
import { keyHashOf } from '../../../src/domain/partitionKey.ts';
import { stateCollections } from '../../../src/mongo/database.ts';
import { ensureStateCollections } from '../../../src/mongo/indexes.ts';
import { createMessageKeys } from '../../../src/mongo/messageKeys.ts';
import { createPlacement } from '../../../src/mongo/placement.ts';
import { createReplayQueue } from '../../../src/mongo/retrySupport.ts';
import { createFindKeyHashes } from '../../../src/mongo/wholeKeys.ts';
import type { PlacedUpTo } from '../../../src/ports/partitioning.ts';
import { NO_ENDPOINT } from '../../../src/ports/retries.ts';
import { aSubject } from '../../support/builders.ts';
import { examined } from '../../support/docsExamined.ts';
import { createMemoryLogger } from '../../support/memoryLogger.ts';
import { createRetries, type Retries } from '../../support/mongoRetries.ts';
import { createRecordingMetrics } from '../../support/recorders.ts';
import { useServers } from '../../support/servers.ts';
import {
  hashOf,
  namesIn,
  somePartitions,
  type SomePartitions,
} from '../../support/somePartitions.ts';
import { nothingElse, retryFor } from '../../support/someRetries.ts';
import { until } from '../../support/until.ts';

const servers = useServers(import.meta.url);
let partitioning: SomePartitions;
let retries: Retries;
let abandoned: AbortController;
let unreadable: Document[];
let logger: ReturnType<typeof createMemoryLogger>;

beforeEach(async () => {
  const { mongo, database, db } = servers();
  const state = stateCollections(db);
  await db.dropDatabase();
  await ensureStateCollections(state, undefined, { isPartitioned: true });
  partitioning = somePartitions([0, 1, 2, 3]);
  retries = createRetries(mongo, database, { partitioning });
  abandoned = new AbortController();
  unreadable = [];
  logger = createMemoryLogger();
});
afterEach(() => abandoned.abort(new Error('the time is up')));

function placement(
  keys = createMessageKeys(),
  findKeyHashes = createFindKeyHashes(servers().db.collection('sms'), keys),
) {
  return createPlacement({
    ...{ retries: retries.rows, partitioning, findKeyHashes, logger, signal: abandoned.signal },
    metrics: createRecordingMetrics(),
    unreadable: (row) => void unreadable.push(row),
  });
}

/** As from somebody who knows of no partitions. */
async function schedule(names: readonly string[]): Promise<void> {
  const { store } = createRetries(servers().mongo, servers().database);
  await Promise.all(names.map(async (name) => await store.schedule(retryFor(name), 0)));
}

/** Of all rows whose key is known, those that are not where the count wants them. */
async function misplaced(): Promise<readonly unknown[]> {
  const rows = await retries.rows.find().toArray();
  return rows.filter(({ sms, partition, keyHash }) => {
    const hash = hashOf(sms) ?? -1;
    return keyHash !== hash || partition !== hash % partitioning.of;
  });
}

async function placeAllAnew(): Promise<number> {
  const { placeAnew } = placement();
  let upTo: PlacedUpTo | null = null;
  for (let batches = 1; ; batches += 1) {
    const { next }: { readonly next: PlacedUpTo | null } = await placeAnew(upTo);
    if (next === null) return batches;
    upTo = next;
  }
}

describe('placing what is in no partition', () => {
  it('puts a row that a command has written where its SMS is, and its worker claims it', async () => {
    const [name = ''] = namesIn(2, 1);
    const subject = aSubject({ smsKey: name });
    const body = Buffer.from('{}');
    const queue = createReplayQueue(stateCollections(servers().db));
    expect(await queue.add([{ subject, accountId: 28, flowId: 200, body }])).toEqual(['queued']);
    expect(await placement().placeStray()).toEqual({ placed: 1, isAll: true });
    partitioning.has = [0, 1, 3];
    expect(await retries.store.claimDue(NO_ENDPOINT, nothingElse)).toBeNull();
    partitioning.has = [2];
    const claimed = await retries.store.claimDue(NO_ENDPOINT, nothingElse);
    expect(claimed).toMatchObject({ retry: { subject: { smsKey: name } }, partition: 2 });
  });

  it('takes several turns for many, and leaves alone what has its place', async () => {
    await schedule(Array.from({ length: 1_200 }, (_, index) => `sms-${index}`));
    const { placeStray } = placement();
    expect(await placeStray()).toEqual({ placed: 500, isAll: false });
    expect(await placeStray()).toEqual({ placed: 500, isAll: false });
    expect(await placeStray()).toEqual({ placed: 200, isAll: true });
    expect(await placeStray()).toEqual({ placed: 0, isAll: true });
    expect(await misplaced()).toEqual([]);
  });

  it('looks at an index entry for each partition, and no row', async () => {
    await schedule(Array.from({ length: 300 }, (_, index) => `sms-${index}`));
    const { placeStray } = placement();
    await placeStray();
    const { docs, keys } = await examined(retries.rows, placeStray);
    expect(docs).toBe(0);
    expect(keys).toBeGreaterThan(0);
    expect(keys).toBeLessThan(20);
  });

  it.each([
    ['null', null],
    ['undefined', undefined],
    ['one that there is no more', 4],
    ['negative', -1],
    ['a fraction', 1.5],
    ['no number', Number.NaN],
    ['infinite', Infinity],
    ['a text', '2'],
    ['a regular expression, which would match others', new BSONRegExp('.*', 'x')],
    ['a decimal beyond', Decimal128.fromString('12345678901234567890')],
    ['binary', new Binary(Buffer.from([1]))],
    ['a document', { a: 1 }],
    ['a list', [1, 2]],
    ['a list of nothing', []],
  ])('places a row whose partition is %s', async (_, partition) => {
    await schedule(['sms-1', 'sms-2']);
    await placement().placeStray();
    const options = { ignoreUndefined: false };
    const odd = { $set: { partition } } as never;
    await retries.rows.updateOne({ sms: 'sms-1' }, odd, options);
    expect(await misplaced()).toHaveLength(1);
    expect(await placement().placeStray()).toEqual({ placed: 1, isAll: true });
    expect(await misplaced()).toEqual([]);
  });

  it.each([
    ['a text', 'sms-1'],
    ['missing', undefined],
    ['of another kind', { _id: 7 }],
    ['a list', [{ _id: 'sms-1' }]],
  ])('has a row in the first partition whose key is %s, and says so', async (_, documentKey) => {
    await schedule(['sms-1']);
    const set =
      documentKey === undefined ? { $unset: { documentKey: 1 } } : { $set: { documentKey } };
    await retries.rows.updateOne({}, set as never);
    await retries.rows.updateOne({}, { $set: { keyHash: 5 } });
    expect(await placement().placeStray()).toEqual({ placed: 1, isAll: true });
    const row = await retries.row('sms-1:DELIVERED');
    expect(row).toMatchObject({ partition: 0 });
    expect(row).not.toHaveProperty('keyHash');
    expect(unreadable).toMatchObject([{ id: 'sms-1:DELIVERED' }]);
    expect(await placement().placeStray()).toEqual({ placed: 0, isAll: true });
  });

  it('reads the documents where the topic’s keys have the shard key, and rows do not', async () => {
    const keys = createMessageKeys();
    const keyOf = (name: string, accountID: number) =>
      Buffer.from(`{"accountID": ${accountID}, "_id": "${name}"}`);
    keys.names(keyOf('sms-0', 7), { accountID: 7, _id: 'sms-0' });
    const sms = servers().db.collection<Document & { _id: string }>('sms');
    await sms.insertMany([
      { _id: 'sms-1', accountID: 28, to: 'x' },
      { _id: 'sms-2', accountID: 29 },
    ]);
    await schedule(['sms-1', 'gone', 'sms-2']);
    partitioning = { ...partitioning, keyHashOf: keys.keyHashOf };
    expect(await placement(keys).placeStray()).toEqual({ placed: 3, isAll: true });
    for (const [name, accountID] of [
      ['sms-1', 28],
      ['sms-2', 29],
    ] as const) {
      const keyHash = keyHashOf(keyOf(name, accountID));
      const row = await retries.row(`${name}:DELIVERED`);
      expect(row).toMatchObject({ keyHash, partition: keyHash % 4 });
    }
    expect(await retries.row('gone:DELIVERED')).toMatchObject({ partition: 0 });
    expect(unreadable).toMatchObject([{ id: 'gone:DELIVERED' }]);
    expect(await placement(keys).placeStray()).toEqual({ placed: 0, isAll: true });
  });

  it('is not kept from the others by a key that the server refuses to look for', async () => {
    const keys = createMessageKeys();
    keys.names(Buffer.from('{"accountID": 7, "_id": "a"}'), { accountID: 7, _id: 'a' });
    partitioning = { ...partitioning, keyHashOf: keys.keyHashOf };
    const sms = servers().db.collection<Document & { _id: string }>('sms');
    const names = ['sms-1', 'sms-2', 'sms-3'];
    await sms.insertMany(names.map((_id) => ({ _id, accountID: 28 })));
    await schedule(names);
    const refused = { $set: { documentKey: { _id: { $bad: 1 } } } } as never;
    await retries.rows.updateOne({ sms: 'sms-2' }, refused);
    expect(await placement(keys).placeStray()).toEqual({ placed: 3, isAll: true });
    for (const name of ['sms-1', 'sms-3']) {
      const keyHash = keyHashOf(Buffer.from(`{"accountID": 28, "_id": "${name}"}`));
      expect(await retries.row(`${name}:DELIVERED`)).toMatchObject({ keyHash });
    }
    expect(await retries.row('sms-2:DELIVERED')).toMatchObject({ partition: 0 });
    const problem = expect.stringContaining("can't be looked for: cannot nest $ under $in");
    expect(unreadable).toMatchObject([{ id: 'sms-2:DELIVERED', problem }]);
  });

  it('waits where the database refuses to look for any', async () => {
    partitioning = { ...partitioning, keyHashOf: () => null };
    await schedule(['sms-1', 'sms-2']);
    const refuse = async () => await Promise.reject(new Error('refused'));
    await expect(placement(createMessageKeys(), refuse).placeStray()).rejects.toThrow('refused');
    expect(await misplaced()).toHaveLength(2);
  });

  it('is not kept from the others by a row that the server refuses to write', async () => {
    await schedule(['sms-1', 'sms-2', 'sms-3']);
    const validator = { $nor: [{ sms: 'sms-2', partition: { $exists: true } }] };
    await servers().db.command({ collMod: retries.rows.collectionName, validator });
    const { placeStray } = placement();
    expect(await placeStray()).toEqual({ placed: 2, isAll: true });
    expect(await placeStray()).toEqual({ placed: 0, isAll: true });
    await until('it is reported', () => logger.of('record_failed').length > 0);
    const [failed] = logger.of('record_failed');
    expect(failed?.fields).toMatchObject({ notificationId: 'sms-2:DELIVERED', code: '121' });
  });
});

describe('placing all anew', () => {
  const names = Array.from({ length: 2_500 }, (_, index) => `sms-${index}`);

  it.each([
    ['grown', 4, 12],
    ['become smaller', 12, 5],
  ])('puts every row where the count, which has %s, wants it', async (_, before, after) => {
    partitioning.of = before;
    await Promise.all(names.map(async (name) => await retries.store.schedule(retryFor(name), 0)));
    expect(await misplaced()).toEqual([]);
    partitioning.of = after;
    expect((await misplaced()).length).toBeGreaterThan(1_000);
    expect(await placeAllAnew()).toBe(3);
    expect(await misplaced()).toEqual([]);
  });

  it('leaves alone what it can’t place, and goes past it', async () => {
    await schedule(['a', 'b', 'c', 'd', 'e', 'f']);
    await placement().placeStray();
    const odd = ['text', -3, 1.5, [7], 2 ** 40, Number.NaN];
    const rows = await retries.rows.find().sort({ _id: 1 }).toArray();
    for (const [index, { _id }] of rows.entries()) {
      await retries.rows.updateOne(
        { _id },
        { $set: { keyHash: odd[index] as never, partition: 1 } },
      );
    }
    await retries.store.schedule(retryFor('g'), 0);
    partitioning.of = 7;
    expect(await placeAllAnew()).toBe(1);
    const found = await retries.rows.find().sort({ _id: 1 }).toArray();
    expect(found.map(({ partition }) => partition)).toEqual([
      ...odd.map(() => 1),
      (hashOf('g') ?? -1) % 7,
    ]);
  });

  it('goes past ids of every type', async () => {
    const ids = [1, { a: 1 }, new Date(0), 'z', new Binary(Buffer.from([1])), true];
    for (const _id of ids) {
      await retries.rows.insertOne({ _id, sms: 'a', keyHash: 9, partition: 3 } as never);
    }
    partitioning.of = 7;
    await placeAllAnew();
    const found = await retries.rows.find().toArray();
    expect(found.map(({ partition }) => partition)).toEqual(ids.map(() => 2));
  });
});
