import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Collection, MongoClient } from 'mongodb';
import type { StreamPosition } from '../../../src/domain/change.ts';
import { createMongoClient } from '../../../src/mongo/connect.ts';
import { describeError } from '../../../src/observability/textLine.ts';
import { StreamFailure, type ChangeSource, type StreamEvent } from '../../../src/ports/source.ts';
import { failCommands } from '../../support/mongoFaults.ts';
import { usePrivateReplicaSet } from '../../support/mongoReplicaSet.ts';
import { idsOf, openAtEnd, quickChangeSource, readsFrom } from '../../support/mongoStream.ts';

const appName = 'stream under test';
const megabyte = 1024 * 1024;
const streamCommands = ['aggregate', 'getMore'];
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

/** The first read of an opening there, or how it failed. */
async function firstRead(position: StreamPosition): Promise<StreamEvent | StreamFailure> {
  const handle = await source.open(position, { replay: false });
  const read = await handle.read().catch((error: unknown) => error as StreamFailure);
  await handle.close();
  return read;
}

/** Opens there again and again until something is read; what that is, and how the openings before it failed. */
async function untilRead(
  position: StreamPosition,
): Promise<Readonly<{ read: StreamEvent; failures: readonly string[] }>> {
  const failures: string[] = [];
  while (failures.length < 20) {
    const read = await firstRead(position);
    if (!(read instanceof StreamFailure)) return { read, failures };
    failures.push(`${read.kind} ${read.code}`);
  }
  throw new Error(`it was never read: ${failures.join()}`);
}

describe('an event too large for an answer', () => {
  it.each([
    ['by itself', 4.5 * megabyte],
    ['by far', 5.5 * megabyte],
  ])('is reported as such, and nothing of it: %s', async (_, bytes) => {
    const failure = await firstRead(await beforeLongId(bytes));
    expect(failure).toMatchObject({ kind: 'unreadable', code: '10334' });
    const logged = JSON.stringify(describeError(failure as StreamFailure, { withStack: true }));
    expect(logged).toMatch(/BSONObj size: \d+ .* is invalid/);
    // As hex in a token, and as it is.
    expect(logged).not.toMatch(/6120736563726574|a secret|First element/);
    expect(logged).toContain('at ');
  });

  it('is reported as such when not even its token can be written', async () => {
    expect(await firstRead(await beforeLongId(8 * megabyte))).toMatchObject({
      kind: 'unreadable',
      code: '16493',
    });
  });

  it.each([3, 3.8, 4.5, 8])(
    'is passed as one of an SMS that has no name, also with nothing after it: an id of %d MB',
    async (mb) => {
      const { read, failures } = await untilRead(await beforeLongId(mb * megabyte));
      expect(read).toMatchObject({
        kind: 'change',
        change: { id: null, document: null },
        briefFor: expect.stringMatching(/^(10334|16493|MongoNetworkError)$/),
      });
      expect(failures.length).toBeLessThanOrEqual(2);
    },
  );

  it.each([1, 2, 2.5])('is none whose id has %d MB, nor are several of them', async (mb) => {
    await using stream = await openAtEnd(sms);
    const ids = ['a', 'b', 'c', 'd', 'e'].map((letter) => letter.padEnd(mb * megabyte, '-'));
    for (const id of ids) await insertStatus(id);
    const read = idsOf(await readsFrom(sms, stream.position));
    expect(read).toHaveLength(ids.length);
    expect(read.every((id, index) => id === ids[index])).toBe(true);
  });
});

describe('a fault that looks like such an event', () => {
  it.each([
    ['a connection cut again and again', { closeConnection: true }, 'transient MongoNetworkError'],
    ['an error that says so', { errorCode: 10334 }, 'unreadable 10334'],
  ] as const)('costs nothing when it is over: %s', async (_, fault, failure) => {
    await using stream = await openAtEnd(sms);
    await insertStatus('meanwhile');
    {
      await using _fault = await failCommands(
        replicaSet().admin,
        { appName, commands: streamCommands },
        fault,
      );
      for (let round = 0; round < 8; round += 1) {
        const read = await firstRead(stream.position);
        expect(read instanceof StreamFailure ? `${read.kind} ${read.code}` : read).toBe(failure);
      }
    }
    const { read } = await untilRead(stream.position);
    expect(read).toMatchObject({
      kind: 'change',
      change: { id: 'meanwhile', operation: 'insert', document: { _id: 'meanwhile' } },
    });
    expect(read).not.toHaveProperty('briefFor');
  });

  it('is given up as an event that can not be skipped only when it keeps saying so', async () => {
    const position = await source.currentPosition();
    const kinds: unknown[] = [];
    await using _fault = await failCommands(
      replicaSet().admin,
      { appName, commands: streamCommands },
      { errorCode: 10334 },
    );
    for (let round = 0; round < 11; round += 1) {
      const read = await firstRead(position);
      kinds.push(read.kind);
    }
    expect(kinds).toEqual([
      ...Array.from({ length: 9 }, () => 'unreadable'),
      'oversized',
      'oversized',
    ]);
  });

  it('costs nothing when it strikes now and then', async () => {
    await using stream = await openAtEnd(sms);
    const ids = Array.from({ length: 8 }, (_each, index) => `sms-${index}`);
    for (const id of ids) await insertStatus(id);
    const seen: unknown[] = [];
    let { position } = stream;
    for (let round = 1; seen.at(-1) !== ids.at(-1); round += 1) {
      await using _fault = await failCommands(
        replicaSet().admin,
        { appName, commands: streamCommands, times: 1 + (round % 5) },
        { closeConnection: true },
      );
      const read = await firstRead(position);
      if (read instanceof StreamFailure) continue;
      position = read.kind === 'change' ? read.change.position : read.position;
      if (read.kind === 'change') seen.push(read.change.id);
    }
    expect(seen).toEqual(ids);
  });
});
