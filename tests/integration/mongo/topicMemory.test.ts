import { beforeEach, describe, expect, it } from '@jest/globals';
import type { Collection, Document } from 'mongodb';
import { stateCollections } from '../../../src/mongo/database.ts';
import { createTopicMemory } from '../../../src/mongo/topicMemory.ts';
import { createStateReaders, readOverview } from '../../../src/mongo/workerState.ts';
import type { SavedTopicPlace, TopicPlace } from '../../../src/ports/topicMemory.ts';
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

/** As another worker is told of it. */
function told(saved: SavedTopicPlace, workerId = 'worker-1'): TopicPlace {
  return { ...saved, savedAt: expect.any(Date) as unknown as Date, workerId };
}

describe('the memory of a topic', () => {
  it('knows what was saved, by whom and when, of each partition', async () => {
    const places = [0, 3, 11].map((partition) => place({ partition, offset: 2 ** 50 + partition }));
    await memory().save(places);
    const found = await memory('sms', 'worker-2').load();
    expect(found).toEqual(expect.arrayContaining(places.map((each) => told(each))));
    expect(found).toHaveLength(3);
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
      expect.arrayContaining([told(place()), told(place({ partition: 4, offset: 9, at: later }))]),
    );
    await memory('sms', 'worker-2').save([place({ at: later })]);
    expect(await memory().load()).toContainEqual(told(place({ at: later }), 'worker-2'));
  });

  it('begins again with a topic that was made anew', async () => {
    await memory().save([place({ offset: 1_000 })]);
    const fresh = place({ topicId: 'id-2', offset: 0 });
    await memory().save([fresh]);
    expect(await memory().load()).toEqual([told(fresh)]);
  });

  it('has the furthest of many that save at once', async () => {
    const offsets = Array.from({ length: 30 }, (_, index) => (index * 7) % 30);
    await Promise.all(offsets.map(async (offset) => await memory().save([place({ offset })])));
    expect(await memory().load()).toEqual([told(place({ offset: 29 }))]);
  });
});

const first = { topicId: 'id-1', partitions: 12, at };

describe('the first start of a topic', () => {
  it('is written down once, and told to all who come later', async () => {
    expect(await memory().firstStart(first)).toEqual({ ...first, isNew: true });
    const later = { topicId: 'id-2', partitions: 24, at: new Date() };
    expect(await memory('sms', 'worker-2').firstStart(later)).toEqual({ ...first, isNew: false });
    expect(await memory('sms-2').firstStart(later)).toEqual({ ...later, isNew: true });
    expect(await memory().load()).toEqual([]);
    expect(unreadable).toEqual([]);
  });

  it('is that of one of many who come at once', async () => {
    const many = Array.from({ length: 20 }, (_, index) => ({ ...first, partitions: index + 1 }));
    const starts = await Promise.all(many.map(async (each) => await memory().firstStart(each)));
    const [one, ...others] = starts.filter(({ isNew }) => isNew);
    expect(others).toEqual([]);
    for (const start of starts) expect({ ...start, isNew: true }).toEqual(one);
  });

  it.each([
    ['topicId', 7],
    ['partitions', -1],
    ['at', 'yesterday'],
  ])('has no partitions where it can’t be read: its %s is %p', async (field, value) => {
    await memory().firstStart(first);
    await rows.updateOne({}, { $set: { [field]: value } });
    const from = field === 'at' ? earliest : at;
    expect(await memory().firstStart(first)).toEqual({
      ...{ topicId: '', partitions: 0, at: from, isNew: false },
    });
    expect(unreadable).toMatchObject([{ id: 'kafka:sms' }]);
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
    ['workerId', 7, { workerId: null }],
    ['savedAt', 'yesterday', { savedAt: null }],
    ['partitions', 'many', {}],
  ])('is reported, and what can be read of it counts: %s is %p', async (field, value, shown) => {
    await memory().save([place()]);
    await rows.updateOne({}, { $set: { [field]: value } });
    expect(await memory().load()).toEqual([{ ...told(place()), ...shown }]);
    expect(unreadable).toMatchObject([{ id: 'kafka:sms:3' }]);
  });

  it('counts as of when it was saved, or from when on all is known', async () => {
    const savedAt = new Date('2024-05-11T00:00:00Z');
    await rows.insertMany([{ _id: 'kafka:sms:1', savedAt }, { _id: 'kafka:sms:2' }]);
    const nothing = { topicId: null, offset: null, workerId: null };
    expect(await memory().load()).toEqual([
      { partition: 1, ...nothing, at: savedAt, savedAt },
      { partition: 2, ...nothing, at: earliest, savedAt: null },
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
    expect(await memory().load()).toEqual([told(place({ offset: 3 }))]);
  });
});

describe('the rows of a topic', () => {
  it('are no checkpoints', async () => {
    await memory().save([place()]);
    await memory().firstStart(first);
    const state = stateCollections(servers().db);
    expect((await readOverview(state)).checkpoints).toEqual([]);
    const readers = createStateReaders({ state, rememberMs: 1_000, logger: silentLogger });
    expect(await readers.checkpointAt()).toBeNull();
  });
});
