import { describe, expect, it } from '@jest/globals';
import {
  Decimal128,
  Double,
  Long,
  ObjectId,
  UUID,
  type Collection,
  type Document,
  type Timestamp,
} from 'mongodb';
import type { StreamPosition } from '../../../src/domain/change.ts';
import type { StreamEvent } from '../../../src/ports/source.ts';
import {
  changesOf,
  idsOf,
  openAtEnd,
  quickChangeSource,
  readsFrom,
  readsSoFar,
} from '../../support/mongoStream.ts';
import { useServers } from '../../support/servers.ts';
import { until } from '../../support/until.ts';

const servers = useServers(import.meta.url);
let collections = 0;

function newCollection(): Collection {
  collections += 1;
  return servers().db.collection(`sms_${collections}`);
}

const delivered = { deliveryStatus: 'DELIVERED' };

/** Writes statuses of the SMS `1`, `2`, … and returns their changes. */
async function writeStatuses(sms: Collection, count: number) {
  await using stream = await openAtEnd(sms);
  for (let n = 1; n <= count; n += 1) await sms.insertOne({ _id: `${n}` as never, ...delivered });
  return changesOf(await readsSoFar(stream.handle, sms));
}

function positionAt(changes: Awaited<ReturnType<typeof writeStatuses>>, index: number) {
  const change = changes[index];
  if (change === undefined) throw new Error(`there is no change ${index}`);
  return change.position;
}

function opaqueOf(position: StreamPosition) {
  return position.opaque as { readonly token: unknown; readonly clusterTime: Timestamp };
}

describe('a change', () => {
  it("carries the server's time of the write", async () => {
    const sms = newCollection();
    const unfiltered = sms.watch([], { maxAwaitTimeMS: 50 });
    await unfiltered.tryNext();
    const [change] = await writeStatuses(sms, 1);
    const event = await unfiltered.next();
    await unfiltered.close();
    const { wallTime, clusterTime } = event as unknown as Document;
    expect(change?.statusAt).toEqual(wallTime);
    expect(change?.position.wallTime).toEqual(wallTime);
    expect(change && opaqueOf(change.position).clusterTime).toEqual(clusterTime);
  });

  it('comes twice, in order and at one time, for two statuses in one transaction', async () => {
    const sms = newCollection();
    await sms.insertOne({ _id: 'a' as never });
    await using stream = await openAtEnd(sms);
    await writeTwoInTransaction(sms);
    const changes = changesOf(await readsSoFar(stream.handle, sms));
    expect(changes.map((change) => change.deliveryStatus)).toEqual(['SENT', 'DELIVERED']);
    expect(changes[0]?.statusAt).toEqual(changes[1]?.statusAt);
  });

  it.each([
    ['a string', 'ä/b', 'ä/b'],
    ['an ObjectId', new ObjectId('0123456789abcdef01234567'), '0123456789abcdef01234567'],
    [
      'a UUID',
      new UUID('290a4138-5729-475f-95e1-9ff30f851d67'),
      '290a4138-5729-475f-95e1-9ff30f851d67',
    ],
    ['an int', 7, 7],
    ['a double', new Double(7.0), 7],
    ['a long', Long.fromNumber(7_000_000_000), 7_000_000_000],
    ['a long beyond 2^53', Long.fromString('9007199254740993'), '9007199254740993'],
    ['a decimal', Decimal128.fromString('7'), 7],
    ['a decimal beyond 2^53', Decimal128.fromString('9007199254740993'), '9007199254740993'],
  ])('names a document whose id is %s', async (_, _id, plain) => {
    const sms = newCollection();
    await using stream = await openAtEnd(sms);
    await sms.insertOne({ _id: _id as never });
    await sms.updateOne({ _id: _id as never }, { $set: delivered });
    const [change] = changesOf(await readsSoFar(stream.handle, sms));
    expect(change?.id).toBe(plain);
    const key = change?.documentKey.opaque as Document;
    expect(await sms.findOne(key)).toMatchObject(delivered);
  });
});

async function writeTwoInTransaction(sms: Collection): Promise<void> {
  await sms.db.client.withSession(async (session) => {
    await session.withTransaction(async () => {
      for (const deliveryStatus of ['SENT', 'DELIVERED']) {
        await sms.updateOne({ _id: 'a' as never }, { $set: { deliveryStatus } }, { session });
      }
    });
  });
}

describe('a position', () => {
  it('is, for a first start, after everything so far', async () => {
    const sms = newCollection();
    await sms.insertOne({ _id: 'before' as never, ...delivered });
    await sms.db.collection('others').insertOne({});
    const position = await quickChangeSource(sms).currentPosition();
    await sms.insertOne({ _id: 'after' as never, ...delivered });
    expect(idsOf(await readsFrom(sms, position))).toEqual(['after']);
  });

  it('reopens just after its change', async () => {
    const sms = newCollection();
    const changes = await writeStatuses(sms, 5);
    expect(idsOf(await readsFrom(sms, positionAt(changes, 2)))).toEqual(['4', '5']);
    expect(idsOf(await readsFrom(sms, positionAt(changes, 4)))).toEqual([]);
  });

  it('reopens between two statuses of one transaction', async () => {
    const sms = newCollection();
    await sms.insertOne({ _id: 'a' as never });
    await using stream = await openAtEnd(sms);
    await writeTwoInTransaction(sms);
    const changes = changesOf(await readsSoFar(stream.handle, sms));
    const later = changesOf(await readsFrom(sms, positionAt(changes, 0)));
    expect(later.map((change) => change.deliveryStatus)).toEqual(['DELIVERED']);
  });

  it('reopens with its change when it is to be replayed', async () => {
    const sms = newCollection();
    const changes = await writeStatuses(sms, 5);
    const replayed = await readsFrom(sms, positionAt(changes, 2), { replay: true });
    expect(idsOf(replayed)).toEqual(['3', '4', '5']);
  });

  it('moves while nothing of ours happens, and can be reopened', async () => {
    const sms = newCollection();
    await using stream = await openAtEnd(sms);
    await sms.db.collection('others').insertOne({});
    await sms.insertOne({ _id: 'no status' as never });
    const before = opaqueOf(stream.position);
    const moved = await until('the idle position moves', async () => {
      const read = await stream.handle.read();
      if (read.kind !== 'idle') throw new Error(`a read of kind ${read.kind}`);
      return opaqueOf(read.position).clusterTime.greaterThan(before.clusterTime) ? read : null;
    });
    expect(opaqueOf(moved.position).token).not.toEqual(before.token);
    expect(moved.position.wallTime.getTime()).toBe(
      opaqueOf(moved.position).clusterTime.getHighBitsUnsigned() * 1_000,
    );
    await sms.insertOne({ _id: 'a' as never, ...delivered });
    expect(idsOf(await readsFrom(sms, moved.position))).toEqual(['a']);
  });

  it('of a narrower pipeline, such as an earlier version had, reopens', async () => {
    const sms = newCollection();
    const statuses = { $match: { 'fullDocument.deliveryStatus': { $exists: true } } };
    const narrower = sms.watch([statuses], { maxAwaitTimeMS: 50 });
    await narrower.tryNext();
    await sms.insertOne({ _id: 'first' as never, ...delivered });
    const { _id: token, clusterTime } = (await narrower.next()) as unknown as Document;
    await narrower.close();
    await sms.replaceOne({ _id: 'first' as never }, { saved: true });
    const position = { wallTime: new Date(), opaque: { token, clusterTime } };
    expect(idsOf(await readsFrom(sms, position))).toEqual(['first']);
  });

  it.each([
    ['a wider pipeline', (sms: Collection) => sms],
    ['another collection', (sms: Collection) => sms.db.collection('others')],
  ])('of %s is unusable, and its time is not', async (_, watched) => {
    const sms = newCollection();
    await sms.insertOne({ _id: 'first' as never, ...delivered });
    const foreign = watched(sms).watch([], { maxAwaitTimeMS: 50 });
    await foreign.tryNext();
    await watched(sms).insertOne({ text: 'not of our pipeline' });
    const { _id: token, clusterTime } = (await foreign.next()) as Document;
    await foreign.close();
    await sms.insertOne({ _id: 'a' as never, ...delivered });
    const position = { wallTime: new Date(), opaque: { token, clusterTime } };
    await expect(readsFrom(sms, position)).rejects.toMatchObject({
      name: 'StreamFailure',
      kind: 'tokenUnusable',
      code: '280',
    });
    expect(idsOf(await readsFrom(sms, position, { replay: true }))).toEqual(['a']);
  });

  it.each([
    ['without data', {}],
    ['with empty data', { _data: '' }],
    ['of other letters', { _data: 'not hexadecimal' }],
    ['without a collection', { _data: '82FFFFFFFF000000012B022C0100296E04' }],
  ])('with a token %s is unusable', async (_, token) => {
    const sms = newCollection();
    const { opaque, wallTime } = await quickChangeSource(sms).currentPosition();
    const position = { wallTime, opaque: { ...(opaque as Document), token } };
    await expect(readsFrom(sms, position)).rejects.toMatchObject({ kind: 'tokenUnusable' });
  });
});

describe('a collection that goes away', () => {
  it.each<[string, string, (sms: Collection) => Promise<unknown>]>([
    ['dropped', 'drop', (sms) => sms.drop()],
    ['dropped with its database', 'drop', (sms) => sms.db.dropDatabase()],
    ['renamed', 'rename', (sms) => sms.rename(`${sms.collectionName}_old`)],
    ['replaced by a renamed one', 'rename', replaceByRenaming],
    [
      'replaced by $out',
      'rename',
      (sms) => sms.aggregate([{ $out: sms.collectionName }]).toArray(),
    ],
  ])('when %s ends the stream, which continues from there', async (_, operation, end) => {
    const { mongo, database } = servers();
    const db = mongo.db(`${database}_gone`);
    collections += 1;
    const sms = db.collection(`sms_${collections}`);
    await sms.insertOne({ _id: 'old' as never, ...delivered });
    try {
      const gone = await readToTheEnd(sms, end);
      expect(gone).toMatchObject({ kind: 'collectionGone', operation });
      await sms.insertOne({ _id: 'new' as never, ...delivered });
      expect(idsOf(await readsFrom(sms, gone.position))).toEqual(['new']);
    } finally {
      await db.dropDatabase();
    }
  });

  it('ends a stream that is reopened between the drop and the end as well', async () => {
    const sms = newCollection();
    await sms.insertOne({ _id: 'old' as never });
    await using stream = await openAtEnd(sms);
    await sms.drop();
    const drop = await until('the drop is read', async () => {
      const read = await stream.handle.read();
      return read.kind === 'ignored' ? read : null;
    });
    const reads = await readsFrom(sms, drop.position);
    expect(reads.map((read) => read.kind)).toEqual(['collectionGone']);
  });
});

async function replaceByRenaming(sms: Collection): Promise<void> {
  const other = sms.db.collection(`${sms.collectionName}_new`);
  await other.insertOne({ _id: 'of the other' as never, ...delivered });
  await other.rename(sms.collectionName, { dropTarget: true });
}

async function readToTheEnd(sms: Collection, end: (sms: Collection) => Promise<unknown>) {
  await using stream = await openAtEnd(sms);
  await end(sms);
  return await until('the collection is gone', async () => {
    const read: StreamEvent = await stream.handle.read();
    return read.kind === 'collectionGone' ? read : null;
  });
}

describe('closing', () => {
  it('ends a read that is waiting, and may be done twice', async () => {
    const sms = newCollection();
    const { handle } = await openAtEnd(sms);
    const read = handle.read();
    await handle.close();
    await handle.close();
    await expect(read).rejects.toMatchObject({ name: 'StreamFailure', kind: 'transient' });
  });
});
