import { beforeEach, describe, expect, it } from '@jest/globals';
import type { Collection, Document } from 'mongodb';
import { stateCollections } from '../../../src/mongo/database.ts';
import { createTopicMemory } from '../../../src/mongo/topicMemory.ts';
import { createStateReaders, readOverview } from '../../../src/mongo/workerState.ts';
import type { SavedTopicPlace } from '../../../src/ports/topicMemory.ts';
import { silentLogger } from '../../../src/runtime/logger.ts';
import { useServers } from '../../support/servers.ts';

const servers = useServers(import.meta.url);
const earliest = new Date('2024-01-01T00:00:00Z');
const at = new Date('2024-05-10T12:00:00Z');
let rows: Collection<Document & { _id: string }>;
let unreadable: Document[];

beforeEach(async () => {
  const { db } = servers();
  rows = db.collection(stateCollections(db).checkpoints.collectionName);
  unreadable = [];
  await rows.deleteMany({});
});

function memory(topic = 'sms', workerId = 'worker-1') {
  const { checkpoints } = stateCollections(servers().db);
  return createTopicMemory({
    ...{ checkpoints, topic, workerId },
    partitions: () => 12,
    earliest: () => earliest,
    unreadable: (row) => void unreadable.push(row),
  });
}

function place(fields: Partial<SavedTopicPlace> = {}): SavedTopicPlace {
  return { partition: 3, topicId: 'id-1', offset: 7, at, ...fields };
}

describe('the memory of a topic', () => {
  it('knows what was saved, by whom and when, of each partition', async () => {
    const places = [0, 3, 11].map((partition) => place({ partition, offset: 2 ** 50 + partition }));
    await memory().save(places);
    expect(await memory('sms', 'worker-2').load()).toEqual(expect.arrayContaining(places));
    expect(await rows.findOne({ _id: 'kafka:sms:3' })).toEqual({
      ...{ _id: 'kafka:sms:3', topicId: 'id-1', offset: 2 ** 50 + 3, at },
      ...{ workerId: 'worker-1', partitions: 12, savedAt: expect.any(Date) },
    });
  });

  it('is empty at first, and of each topic by itself', async () => {
    expect(await memory().load()).toEqual([]);
    await memory('sms-2').save([place()]);
    await memory('sm').save([place()]);
    await memory('sms.a').save([place()]);
    await memory().save([]);
    expect(await memory().load()).toEqual([]);
  });

  it('goes forward only, each partition by itself', async () => {
    await memory().save([place(), place({ partition: 4 })]);
    const later = new Date(at.getTime() + 1_000);
    await memory().save([place({ offset: 6 }), place({ partition: 4, offset: 9, at: later })]);
    expect(await memory().load()).toEqual(
      expect.arrayContaining([place(), place({ partition: 4, offset: 9, at: later })]),
    );
    await memory().save([place({ at: later })]);
    expect(await memory().load()).toContainEqual(place({ at: later }));
  });

  it('begins again with a topic that was made anew', async () => {
    await memory().save([place({ offset: 1_000 })]);
    const fresh = place({ topicId: 'id-2', offset: 0 });
    await memory().save([fresh]);
    expect(await memory().load()).toEqual([fresh]);
  });

  it('has the furthest of many that save at once', async () => {
    const offsets = Array.from({ length: 30 }, (_, index) => (index * 7) % 30);
    await Promise.all(offsets.map(async (offset) => await memory().save([place({ offset })])));
    expect(await memory().load()).toEqual([place({ offset: 29 })]);
  });
});

describe('a row of it that is not as a worker writes it', () => {
  it.each([
    ['offset', 'many', { offset: null }],
    ['offset', -1, { offset: null }],
    ['offset', 1.5, { offset: null }],
    ['offset', [7], { offset: null }],
    ['topicId', 7, { topicId: null }],
    ['at', 'yesterday', { at: expect.any(Date) }],
    ['partitions', 'many', {}],
  ])('is reported, and what can be read of it counts: %s is %p', async (field, value, shown) => {
    await memory().save([place()]);
    await rows.updateOne({}, { $set: { [field]: value } });
    expect(await memory().load()).toEqual([{ ...place(), ...shown }]);
    expect(unreadable).toMatchObject([{ id: 'kafka:sms:3' }]);
  });

  it('counts as of when it was saved, or from when on all is known', async () => {
    const savedAt = new Date('2024-05-11T00:00:00Z');
    await rows.insertMany([{ _id: 'kafka:sms:1', savedAt }, { _id: 'kafka:sms:2' }]);
    const nothing = { topicId: null, offset: null };
    expect(await memory().load()).toEqual([
      { partition: 1, ...nothing, at: savedAt },
      { partition: 2, ...nothing, at: earliest },
    ]);
  });

  it.each(['', 'x', '-1', '1.5', '99999999999999999999'])(
    'is no partition’s: %p',
    async (partition) => {
      await rows.insertOne({ ...place(), _id: `kafka:sms:${partition}` });
      expect(await memory().load()).toEqual([]);
      expect(unreadable).toHaveLength(1);
    },
  );

  it.each([
    ['a text', 'many'],
    ['a list', [2 ** 52]],
    ['infinite', Infinity],
    ['no number', Number.NaN],
    ['beyond', 2 ** 60],
  ])('is written again: its offset is %s', async (_, offset) => {
    await memory().save([place()]);
    await rows.updateOne({}, { $set: { offset } });
    await memory().save([place({ offset: 3 })]);
    expect(await memory().load()).toEqual([place({ offset: 3 })]);
  });
});

describe('the rows of a topic', () => {
  it('are no checkpoints', async () => {
    await memory().save([place()]);
    const state = stateCollections(servers().db);
    expect((await readOverview(state)).checkpoints).toEqual([]);
    const readers = createStateReaders({ state, rememberMs: 1_000, logger: silentLogger });
    expect(await readers.checkpointAt()).toBeNull();
  });
});
