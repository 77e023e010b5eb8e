import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Collection, MongoClient } from 'mongodb';
import { StreamFailure } from '../../../src/domain/streamFailure.ts';
import { createMongoClient } from '../../../src/mongo/connect.ts';
import { describeError } from '../../../src/observability/describeError.ts';
import type { ChangeSource, StreamRead } from '../../../src/pipeline/ports.ts';
import type { StreamPosition } from '../../../src/domain/change.ts';
import { failCommands } from '../../support/mongoFaults.ts';
import { usePrivateReplicaSet } from '../../support/mongoReplicaSet.ts';
import { idsOf, openAtEnd, quickChangeSource, readsFrom } from '../../support/mongoStream.ts';

const appName = 'stream under test';
const megabyte = 1024 * 1024;
const replicaSet = usePrivateReplicaSet();
let client: MongoClient;
let sms: Collection;
let source: ChangeSource;

beforeAll(async () => {
  // The cache a test server gets is small enough for it to refuse documents like these.
  const setting = { wiredTigerEngineRuntimeConfig: 'cache_size=1G' };
  await replicaSet()
    .admin.db('admin')
    .command({ setParameter: 1, ...setting });
  client = createMongoClient(`${replicaSet().uri}&heartbeatFrequencyMS=500`, appName);
});
afterAll(async () => {
  await client.close();
});
let collections = 0;
beforeEach(async () => {
  collections += 1;
  sms = client.db('central').collection(`sms_${collections}`);
  await sms.insertOne({});
  source = quickChangeSource(sms);
});

async function insertStatus(_id: string): Promise<void> {
  await sms.insertOne({ _id: _id as never, deliveryStatus: 'DELIVERED' });
}

/** A position just before the insert of an SMS whose id is this long. */
async function beforeLongId(bytes: number): Promise<StreamPosition> {
  await using stream = await openAtEnd(sms);
  await insertStatus('a secret '.padEnd(bytes, 'x'));
  return stream.position;
}

/** How each of several reopenings at one position goes; the connection's failures all look alike. */
async function reopenings(position: StreamPosition, times: number): Promise<StreamFailure[]> {
  const failures: StreamFailure[] = [];
  for (let round = 0; round < times; round += 1) {
    const handle = await source.open(position, { replay: false });
    const read = await handle.read().catch((error: unknown) => error as StreamFailure);
    await handle.close();
    if (!(read instanceof StreamFailure)) throw new Error(`it was read: ${kindOf(read)}`);
    failures.push(read);
  }
  return failures;
}

function kindOf(read: StreamRead): string {
  return read.kind;
}

describe('an event too large for an answer', () => {
  it.each([
    ['by itself', 4.5 * megabyte],
    ['by far', 5.5 * megabyte],
  ])('is told as such, and nothing of it: %s', async (_, bytes) => {
    const [failure] = await reopenings(await beforeLongId(bytes), 1);
    expect(failure).toMatchObject({ kind: 'oversized', code: '10334' });
    const logged = JSON.stringify(describeError(failure ?? new Error('none')));
    expect(logged).toMatch(/BSONObj size: \d+ .* is invalid/);
    // As hex in a token, and as it is.
    expect(logged).not.toMatch(/6120736563726574|a secret|First element/);
    expect(logged).toContain('at ');
  });

  it('is told as such after the connection was cut for it again and again', async () => {
    const position = await beforeLongId(3 * megabyte);
    const failures = await reopenings(position, 9);
    expect(failures.map(({ kind, code }) => `${kind} ${code}`)).toEqual([
      ...Array.from({ length: 7 }, () => 'transient MongoNetworkError'),
      'oversized connection_cut',
      'transient MongoNetworkError',
    ]);
    expect(failures[7]?.message).toBe(
      'the change stream ended: the server answers, but has cut the connection 8 times at this position: an event too large for one answer',
    );
  });

  it('is stepped over by a stream that opens after it', async () => {
    await beforeLongId(3 * megabyte);
    await insertStatus('between');
    const position = await source.currentPosition();
    await insertStatus('after');
    expect(idsOf(await readsFrom(sms, position))).toContain('after');
  });

  it.each([1, 2, 2.5])('is none whose id has %d MB, nor are several of them', async (mb) => {
    await using stream = await openAtEnd(sms);
    const ids = ['a', 'b', 'c', 'd', 'e'].map((letter) => letter.padEnd(mb * megabyte, '-'));
    for (const id of ids) await insertStatus(id);
    const read = idsOf(await readsFrom(sms, stream.position));
    expect(read).toHaveLength(ids.length);
    expect(read.every((id, index) => id === ids[index])).toBe(true);
  });
});

describe('a connection that is cut again and again', () => {
  const commands = ['aggregate', 'getMore'];

  it('is the network while the server does not answer anything else either', async () => {
    const position = await source.currentPosition();
    await using _fault = await failCommands(
      replicaSet().admin,
      { appName, commands: [...commands, 'ping'] },
      { closeConnection: true },
    );
    const kinds = (await reopenings(position, 10)).map(({ kind }) => kind);
    expect(new Set(kinds)).toEqual(new Set(['transient']));
  });

  it('is the network when it was read in between', async () => {
    const position = await source.currentPosition();
    for (let round = 0; round < 3; round += 1) {
      {
        await using _fault = await failCommands(
          replicaSet().admin,
          { appName, commands },
          { closeConnection: true },
        );
        const kinds = (await reopenings(position, 5)).map(({ kind }) => kind);
        expect(new Set(kinds)).toEqual(new Set(['transient']));
      }
      const handle = await source.open(position, { replay: false });
      await handle.read();
      await handle.close();
    }
  });
});
