import { afterAll, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { MongoServerError, Timestamp, UUID, type MongoClient } from 'mongodb';
import { createCheckpointStore, type CheckpointRow } from '../../../src/mongo/checkpoints.ts';
import { createMongoClient } from '../../../src/mongo/connect.ts';
import { stateCollections, type StateCollections } from '../../../src/mongo/database.ts';
import { toPosition } from '../../../src/mongo/position.ts';
import type { CheckpointStore } from '../../../src/ports/source.ts';
import { describeCheckpointStore } from '../../contract/checkpointStore.ts';
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
const watched = { namespace: 'central.sms', collectionUuid };
const holder = { owner: 'worker-1', epoch: 3 };
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
function newStore(changed: Partial<typeof watched & typeof holder> = {}): CheckpointStore {
  const { namespace, collectionUuid: uuid, owner, epoch } = { ...watched, ...holder, ...changed };
  return createCheckpointStore(checkpoints, { namespace, collectionUuid: uuid }, { owner, epoch });
}

const position = {
  wallTime: new Date('2023-10-19T06:29:12.408Z'),
  opaque: {
    token: { _data: '8265000000000000012B0229296E04' },
    clusterTime: new Timestamp({ t: 1_697_696_952, i: 3 }),
  },
};

describeCheckpointStore(() => ({
  holder: (epoch) => newStore({ epoch }),
  position(at) {
    const clusterTime = new Timestamp({ t: 1_697_696_952 + at, i: 1 });
    return toPosition({ token: null, clusterTime });
  },
  async keep() {
    const kept = await checkpoints.findOne({});
    return async () => {
      await checkpoints.deleteMany({});
      if (kept !== null) await checkpoints.insertOne(kept);
    };
  },
}));

describe('a checkpoint', () => {
  it('is null before the first save', async () => {
    expect(await newStore().load()).toBeNull();
  });

  it.each([
    ['with its token', position],
    ['without a token', { ...position, opaque: { ...position.opaque, token: null } }],
  ])('is loaded as it was saved: %s', async (_, saved) => {
    expect(await newStore().save(saved)).toBe('saved');
    expect(await newStore().load()).toEqual({ position: saved, doubt: null });
  });

  it('is the last one saved', async () => {
    const store = newStore();
    expect(await store.save(position)).toBe('saved');
    const clusterTime = new Timestamp({ t: 1_697_696_953, i: 1 });
    const later = { wallTime: new Date(), opaque: { token: null, clusterTime } };
    expect(await store.save(later)).toBe('saved');
    expect(await newStore().load()).toEqual({ position: later, doubt: null });
    expect(await checkpoints.countDocuments()).toBe(1);
  });

  it('says what it belongs to, and when the server saved it', async () => {
    const { localTime: before } = await client.db('admin').command({ hello: 1 });
    expect(await newStore().save(position)).toBe('saved');
    const { localTime: after } = await client.db('admin').command({ hello: 1 });
    const row = await checkpoints.findOne({});
    expect(row).toEqual({
      _id: '0',
      ...position.opaque,
      wallTime: position.wallTime,
      namespace: 'central.sms',
      collectionUuid,
      owner: 'worker-1',
      epoch: 3,
      save: expect.any(String),
      savedAt: expect.any(Date),
    });
    const savedAt = Number(row?.['savedAt']);
    expect(savedAt).toBeGreaterThanOrEqual(Number(before));
    expect(savedAt).toBeLessThanOrEqual(Number(after));
  });

  it('is where the stream continues', async () => {
    const sms = client.db(servers().database).collection('sms');
    await using stream = await openAtEnd(sms);
    for (const id of ['1', '2', '3']) {
      await sms.insertOne({ _id: id as never, deliveryStatus: 'DELIVERED' });
    }
    const [, second] = changesOf(await readsSoFar(stream.handle, sms));
    if (second === undefined) throw new Error('the second change was not read');
    expect(await newStore().save(second.position)).toBe('saved');
    const loaded = await newStore().load();
    if (loaded === null) throw new Error('the checkpoint is not there');
    expect(idsOf(await readsFrom(sms, loaded.position))).toEqual(['3']);
    expect(idsOf(await readsFrom(sms, loaded.position, { replay: true }))).toEqual(['2', '3']);
  });

  it('continues from a first start too, when there is a time but no token', async () => {
    const sms = client.db(servers().database).collection('first_start');
    await sms.insertOne({});
    expect(await newStore().save(await quickChangeSource(sms).currentPosition())).toBe('saved');
    await sms.insertOne({ _id: 'a' as never, deliveryStatus: 'DELIVERED' });
    const loaded = await newStore().load();
    if (loaded === null) throw new Error('the checkpoint is not there');
    expect(idsOf(await readsFrom(sms, loaded.position))).toEqual(['a']);
  });
});

describe('a save', () => {
  const later = { ...position, wallTime: new Date('2023-10-19T07:00:00.000Z') };

  it('of a former holder of the lease is refused, and changes nothing', async () => {
    expect(await newStore({ owner: 'worker-2', epoch: 4 }).save(position)).toBe('saved');
    const before = await checkpoints.findOne({});
    expect(await newStore().save(later)).toBe('fenced');
    expect(await checkpoints.find().toArray()).toEqual([before]);
  });

  it.each([
    ['this holder', { epoch: 3 }],
    ['a later holder', { owner: 'worker-2', epoch: 4 }],
  ])('of %s is taken', async (_, next) => {
    expect(await newStore().save(position)).toBe('saved');
    expect(await newStore(next).save(later)).toBe('saved');
    expect(await checkpoints.find().toArray()).toEqual([
      expect.objectContaining({ wallTime: later.wallTime, ...holder, ...next }),
    ]);
  });

  it('over a row that no holder of a lease has written is taken', async () => {
    const { clusterTime, token } = position.opaque;
    const { wallTime } = position;
    await checkpoints.insertOne({ _id: '0', clusterTime, token, wallTime, ...watched } as never);
    expect(await newStore().save(later)).toBe('saved');
    expect(await checkpoints.find().toArray()).toEqual([
      expect.objectContaining({ wallTime: later.wallTime, ...holder }),
    ]);
  });

  it('that loses the race to add the row to a former holder is taken', async () => {
    expect(await newStore({ epoch: 2 }).save(position)).toBe('saved');
    const lost = new MongoServerError({ code: 11000, message: 'duplicate key' });
    jest.spyOn(checkpoints, 'updateOne').mockRejectedValueOnce(lost);
    expect(await newStore().save(later)).toBe('saved');
    expect(await checkpoints.findOne({})).toMatchObject({ wallTime: later.wallTime, epoch: 3 });
  });

  it('that is the first of several at once fences nobody but former holders', async () => {
    const epochs = Array.from({ length: 20 }, (_, index) => index + 1);
    const saves = await Promise.all(
      epochs.map(async (epoch) => await newStore({ epoch }).save(position)),
    );
    expect(saves.at(-1)).toBe('saved');
    expect(await checkpoints.find().toArray()).toEqual([expect.objectContaining({ epoch: 20 })]);
  });
});

describe('a checkpoint turned back to an older state while its holder works', () => {
  const later = { ...position, wallTime: new Date('2023-10-19T07:00:00.000Z') };
  const last = { ...position, wallTime: new Date('2023-10-19T08:00:00.000Z') };

  it('is not written over: what is known of it is void', async () => {
    expect(await newStore({ epoch: 2 }).save(position)).toBe('saved');
    const store = newStore();
    await store.load();
    expect(await store.save(position)).toBe('saved');
    const older = await checkpoints.findOne({});
    expect(await store.save(later)).toBe('saved');
    await checkpoints.replaceOne({}, older as CheckpointRow);
    expect(await store.save(last)).toBe('fenced');
    expect(await checkpoints.findOne({})).toEqual(older);
    const next = newStore({ epoch: 4 });
    expect(await next.load()).toEqual({ position, doubt: null });
    expect(await next.save(last)).toBe('saved');
    expect(await checkpoints.findOne({})).toMatchObject({ wallTime: last.wallTime });
  });

  it('to before this holder’s first save is not either', async () => {
    expect(await newStore({ epoch: 2 }).save(position)).toBe('saved');
    const older = await checkpoints.findOne({});
    const store = newStore();
    await store.load();
    expect(await store.save(later)).toBe('saved');
    await checkpoints.replaceOne({}, older as CheckpointRow);
    expect(await store.save(last)).toBe('fenced');
  });

  it('is distinguished from a save whose answer was lost', async () => {
    const store = newStore();
    expect(await store.save(position)).toBe('saved');
    const updateOne = checkpoints.updateOne.bind(checkpoints);
    jest.spyOn(checkpoints, 'updateOne').mockImplementationOnce(async (...call) => {
      await updateOne(...call);
      throw new Error('the connection was lost');
    });
    await expect(store.save(later)).rejects.toThrow('lost');
    expect(await store.save(last)).toBe('saved');
    expect(await checkpoints.findOne({})).toMatchObject({ wallTime: last.wallTime });
  });

  it('to before there was any is created again', async () => {
    const store = newStore();
    expect(await store.save(position)).toBe('saved');
    await checkpoints.deleteMany({});
    expect(await store.save(later)).toBe('saved');
    expect(await checkpoints.findOne({})).toMatchObject({ wallTime: later.wallTime });
  });
});

describe('a checkpoint in doubt', () => {
  it.each([
    ['of another collection', { namespace: 'central.other' }, 'it is of another collection'],
    [
      'of a collection that was restored',
      { collectionUuid: new UUID() },
      'the collection was dropped and created again, or restored',
    ],
  ])('is loaded with the reason: %s', async (_, changed, doubt) => {
    expect(await newStore().save(position)).toBe('saved');
    expect(await newStore(changed).load()).toEqual({ position, doubt });
  });

  it('is loaded with the reason: ahead of the server', async () => {
    const t = Math.floor(Date.now() / 1_000) + 3_600;
    const clusterTime = new Timestamp({ t, i: 1 });
    expect(await newStore().save({ ...position, opaque: { token: null, clusterTime } })).toBe(
      'saved',
    );
    expect(await newStore().load()).toMatchObject({
      doubt: 'it is ahead of the server: an older state was restored',
    });
  });
});
