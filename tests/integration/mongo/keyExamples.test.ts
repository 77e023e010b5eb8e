import { beforeEach, describe, expect, it } from '@jest/globals';
import { ObjectId, UUID, type Collection, type Document } from 'mongodb';
import { stateCollections } from '../../../src/mongo/database.ts';
import { createKeyExamples } from '../../../src/mongo/keyExamples.ts';
import { createTopicMemory } from '../../../src/mongo/topicMemory.ts';
import type { KeyExample, KeyExamples, TopicMemory } from '../../../src/ports/topicMemory.ts';
import { useServers } from '../../support/servers.ts';

const servers = useServers(import.meta.url);
const first = { topicId: 'id-1', partitions: 12, at: new Date('2024-05-10T12:00:00Z') };
const exampleOf = (documentKey: Document): KeyExample => ({
  messageKey: Buffer.from(JSON.stringify(documentKey)),
  documentKey,
});
const example = exampleOf({ 'region.code': 7, _id: 'sms-1' });
let rows: Collection;
let unreadable: Document[];

beforeEach(async () => {
  const { db } = servers();
  rows = db.collection(stateCollections(db).checkpoints.collectionName);
  unreadable = [];
  await rows.deleteMany({});
});

function memory(): TopicMemory {
  const { checkpoints } = stateCollections(servers().db);
  return createTopicMemory({
    ...{ checkpoints, topic: 'sms', workerId: 'worker-1', partitions: () => 12 },
    earliest: () => new Date(0),
    unreadable: (row) => void unreadable.push(row),
  });
}

function examples(topic = 'sms'): KeyExamples {
  return createKeyExamples({ checkpoints: stateCollections(servers().db).checkpoints, topic });
}

describe('an example of the keys of a topic', () => {
  it('is kept, and hides nothing else', async () => {
    expect(await examples().load()).toBeNull();
    await memory().firstStart(first);
    expect(await examples().load()).toBeNull();
    await examples().save(example);
    expect(await examples().load()).toEqual(example);
    expect(await memory().firstStart(first)).toEqual({ ...first, isNew: false });
    expect(await memory().load()).toEqual([]);
    expect(await examples('sms-2').load()).toBeNull();
    expect(unreadable).toEqual([]);
  });

  it.each([
    ['with more fields', { _id: 1 }, example.documentKey as Document],
    ['with the same fields', { _id: 1, region: 2 }, { region: 3, _id: 4 }],
    ['with other fields', { _id: 1, region: 2 }, { country: 3, _id: 4 }],
  ])('gives place to one %s', async (_, before, after) => {
    await memory().firstStart(first);
    await examples().save(exampleOf(before));
    await examples().save(exampleOf(after));
    expect(await examples().load()).toEqual(exampleOf(after));
  });

  it('stays when another has some of its fields only', async () => {
    await memory().firstStart(first);
    await examples().save(example);
    await examples().save(exampleOf({ _id: 'sms-2' }));
    expect(await examples().load()).toEqual(example);
  });

  it('has an `_id` as it was, of whatever type', async () => {
    await memory().firstStart(first);
    for (const _id of [new ObjectId(), new UUID(), new Date(0), null, 7, [1, 'x']]) {
      await examples().save({ ...example, documentKey: { _id } });
      expect(await examples().load()).toEqual({ ...example, documentKey: { _id } });
    }
  });

  it.each([
    ['messageKey', 'text'],
    ['documentKey', 'text'],
    ['documentKey', { region: 7 }],
    ['documentKey', [1]],
  ])(
    'is none where it can’t be read, until there is another: its %s is %p',
    async (field, value) => {
      await memory().firstStart(first);
      await examples().save(example);
      await rows.updateOne({}, { $set: { [field]: value } });
      expect(await examples().load()).toBeNull();
      await examples().save(example);
      expect(await examples().load()).toEqual(example);
    },
  );
});
