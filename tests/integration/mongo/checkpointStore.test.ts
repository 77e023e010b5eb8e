import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Timestamp, UUID, type Document, type MongoClient } from 'mongodb';
import { createCheckpointStore } from '../../../src/mongo/checkpointStore.ts';
import { createMongoClient } from '../../../src/mongo/connect.ts';
import { stateCollections, type StateCollections } from '../../../src/mongo/stateCollections.ts';
import type { CheckpointStore } from '../../../src/pipeline/ports.ts';
import {
  changesOf,
  idsOf,
  openAtEnd,
  quickChangeSource,
  readsFrom,
  readsSoFar,
} from '../../support/mongoStream.ts';
import { useServers } from '../../support/servers.ts';

const servers = useServers(import.meta.url);
const collectionUuid = new UUID();
let client: MongoClient;
let checkpoints: StateCollections['checkpoints'];

beforeAll(() => {
  client = createMongoClient(servers().mongodbUri, 'checkpoints under test');
});
afterAll(async () => {
  await client.close();
});
beforeEach(async () => {
  ({ checkpoints } = stateCollections(client.db(servers().database)));
  await checkpoints.deleteMany({});
});

/** As a worker that has just started has it. */
function newStore(): CheckpointStore {
  return createCheckpointStore(checkpoints, { namespace: 'central.sms', collectionUuid });
}

const position = {
  wallTime: new Date('2023-10-19T06:29:12.408Z'),
  opaque: {
    token: { _data: '8265000000000000012B0229296E04' },
    clusterTime: new Timestamp({ t: 1_697_696_952, i: 3 }),
  },
};

describe('a checkpoint', () => {
  it('is null before the first save', async () => {
    expect(await newStore().load()).toBeNull();
  });

  it.each([
    ['with its token', position],
    ['without a token', { ...position, opaque: { ...position.opaque, token: null } }],
  ])('is loaded as it was saved: %s', async (_, saved) => {
    await newStore().save(saved);
    expect(await newStore().load()).toEqual(saved);
  });

  it('is the last one saved', async () => {
    const store = newStore();
    await store.save(position);
    const clusterTime = new Timestamp({ t: 1_697_696_953, i: 1 });
    const later = { wallTime: new Date(), opaque: { token: null, clusterTime } };
    await store.save(later);
    expect(await newStore().load()).toEqual(later);
    expect(await checkpoints.countDocuments()).toBe(1);
  });

  it('says what it belongs to, and when the server saved it', async () => {
    const { localTime: before } = await client.db('admin').command({ hello: 1 });
    await newStore().save(position);
    const { localTime: after } = await client.db('admin').command({ hello: 1 });
    const row = await checkpoints.findOne({});
    expect(row).toEqual({
      _id: '0',
      ...position.opaque,
      wallTime: position.wallTime,
      namespace: 'central.sms',
      collectionUuid,
      savedAt: expect.any(Date),
    });
    const savedAt = Number(row?.['savedAt']);
    expect(savedAt).toBeGreaterThanOrEqual(Number(before));
    expect(savedAt).toBeLessThanOrEqual(Number(after));
  });

  it('is where the stream goes on', async () => {
    const sms = client.db(servers().database).collection('sms');
    await using stream = await openAtEnd(sms);
    for (const id of ['1', '2', '3']) {
      await sms.insertOne({ _id: id as never, deliveryStatus: 'DELIVERED' });
    }
    const [, second] = changesOf(await readsSoFar(stream.handle, sms));
    if (second === undefined) throw new Error('the second change was not read');
    await newStore().save(second.position);
    const loaded = await newStore().load();
    if (loaded === null) throw new Error('the checkpoint is not there');
    expect(idsOf(await readsFrom(sms, loaded))).toEqual(['3']);
    expect(idsOf(await readsFrom(sms, loaded, { replay: true }))).toEqual(['2', '3']);
  });

  it('goes on from a first start too, when there is a time but no token', async () => {
    const sms = client.db(servers().database).collection('first_start');
    await sms.insertOne({});
    await newStore().save(await quickChangeSource(sms).currentPosition());
    await sms.insertOne({ _id: 'a' as never, deliveryStatus: 'DELIVERED' });
    const loaded = await newStore().load();
    if (loaded === null) throw new Error('the checkpoint is not there');
    expect(idsOf(await readsFrom(sms, loaded))).toEqual(['a']);
  });
});

describe('a damaged checkpoint', () => {
  it.each<[string, Document]>([
    ['no time', { clusterTime: null }],
    ['a date for its cluster time', { clusterTime: new Date() }],
    ['a text for its wall time', { wallTime: '2023-10-19' }],
    ['a text for its token', { token: '82' }],
  ])('is told, not guessed at: %s', async (_, damage) => {
    await newStore().save(position);
    await checkpoints.updateOne({ _id: '0' }, { $set: damage });
    await expect(newStore().load()).rejects.toThrow(
      `the checkpoint row '0' in ${checkpoints.namespace} is damaged`,
    );
  });
});
