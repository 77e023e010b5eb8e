import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { MongoClient, Timestamp, type Collection, type Document } from 'mongodb';
import { createMongoClient } from '../../../src/mongo/connect.ts';
import type { StreamFailureKind } from '../../../src/ports/source.ts';
import { failCommands } from '../../support/mongoFaults.ts';
import { usePrivateReplicaSet } from '../../support/mongoReplicaSet.ts';
import {
  changesOf,
  idsOf,
  openAtEnd,
  quickChangeSource,
  readsFrom,
  readsSoFar,
} from '../../support/mongoStream.ts';
import { startStandaloneMongod } from '../../support/servers.ts';
import { startTcpProxy } from '../../support/tcpProxy.ts';
import { until } from '../../support/until.ts';

const appName = 'stream under test';
const opening = { appName, commands: ['aggregate'] };
const reading = { appName, commands: ['getMore'] };
const delivered = { deliveryStatus: 'DELIVERED' };

const replicaSet = usePrivateReplicaSet();
let client: MongoClient;
let sms: Collection;

beforeAll(async () => {
  // A server believed to be shutting down is looked at again after a heartbeat.
  client = createMongoClient(`${replicaSet().uri}&heartbeatFrequencyMS=500`, appName);
  sms = client.db('central').collection('sms');
  await sms.insertOne({});
});
afterAll(async () => {
  await client.close();
});

describe("the server's errors", () => {
  const kinds: readonly [code: number, kind: StreamFailureKind][] = [
    [9, 'tokenUnusable'],
    [260, 'tokenUnusable'],
    [280, 'tokenUnusable'],
    [40647, 'tokenUnusable'],
    [40649, 'tokenUnusable'],
    [10334, 'unreadable'],
    [16493, 'unreadable'],
    [136, 'historyLost'],
    [286, 'historyLost'],
    [13, 'denied'],
    [18, 'denied'],
    [166, 'unsupported'],
    [40573, 'unsupported'],
    [50, 'transient'],
    [91, 'transient'],
    [189, 'transient'],
    [10107, 'transient'],
    [11600, 'transient'],
  ];

  it.each(kinds)('%i on opening is %s', async (code, kind) => {
    const position = await quickChangeSource(sms).currentPosition();
    await using _fault = await failCommands(replicaSet().admin, opening, { errorCode: code });
    await expect(readsFrom(sms, position)).rejects.toMatchObject({
      name: 'StreamFailure',
      kind,
      code: String(code),
    });
  });

  it.each(kinds)('%i while reading is %s', async (code, kind) => {
    await using stream = await openAtEnd(sms);
    await using _fault = await failCommands(replicaSet().admin, reading, { errorCode: code });
    await expect(stream.handle.read()).rejects.toMatchObject({ kind, code: String(code) });
  });
});

describe('a stream', () => {
  it.each([
    ['the loss of its connection', { closeConnection: true }],
    ['the loss of its cursor', { errorCode: 43 }],
  ] as const)('continues after %s', async (_, fault) => {
    await using stream = await openAtEnd(sms);
    await using once = await failCommands(replicaSet().admin, { ...reading, times: 1 }, fault);
    await sms.insertOne({ _id: `after ${Object.keys(fault)[0]}` as never, ...delivered });
    const reads = await readsSoFar(stream.handle, sms);
    expect(idsOf(reads)).toEqual([`after ${Object.keys(fault)[0]}`]);
    expect(await once.lift()).toBe(1);
  });

  it('continues after its cursor was killed', async () => {
    await using stream = await openAtEnd(sms);
    const cursors = await cursorsOfStreams();
    expect(cursors).toHaveLength(1);
    await sms.db.command({ killCursors: sms.collectionName, cursors });
    await sms.insertOne({ _id: 'after the kill' as never, ...delivered });
    expect(idsOf(await readsSoFar(stream.handle, sms))).toEqual(['after the kill']);
  });

  it('ends when the connection is lost again and again, and reopens where it was', async () => {
    await using stream = await openAtEnd(sms);
    await sms.insertOne({ _id: 'read' as never, ...delivered });
    const [change] = changesOf(await readsSoFar(stream.handle, sms));
    const commands = ['aggregate', 'getMore'];
    {
      await using _fault = await failCommands(
        replicaSet().admin,
        { appName, commands },
        { closeConnection: true },
      );
      await sms.insertOne({ _id: 'missed' as never, ...delivered });
      await expect(stream.handle.read()).rejects.toMatchObject({
        kind: 'transient',
        code: 'MongoNetworkError',
      });
      await expect(stream.handle.read()).rejects.toMatchObject({ kind: 'transient' });
    }
    if (change === undefined) throw new Error('the first change was not read');
    expect(idsOf(await readsFrom(sms, change.position))).toEqual(['missed']);
  });

  it('ends when the server is out of reach, and reopens where it was', async () => {
    const [member] = replicaSet().members;
    const proxy = await startTcpProxy(member?.port ?? 0);
    const proxied = createMongoClient(
      `mongodb://${proxy.address}/?directConnection=true&serverSelectionTimeoutMS=200`,
      'behind a proxy',
    );
    const proxiedSms = proxied.db('central').collection('sms');
    try {
      await using stream = await openAtEnd(proxiedSms);
      await proxy.refuse();
      await sms.insertOne({ _id: 'behind the proxy' as never, ...delivered });
      await expect(stream.handle.read()).rejects.toMatchObject({ kind: 'transient' });
      const unreachable = await quickChangeSource(proxiedSms).open(stream.position, {
        replay: false,
      });
      // A heartbeat decides whether the driver has noticed yet that there is no server to select.
      await expect(unreachable.read()).rejects.toMatchObject({
        kind: 'transient',
        code: expect.stringMatching(/^Mongo(ServerSelection|Network)Error$/),
      });
      await unreachable.close();
      await proxy.resume();
      const reads = await until('the server is in reach', () =>
        readsFrom(proxiedSms, stream.position),
      );
      expect(idsOf(reads)).toEqual(['behind the proxy']);
    } finally {
      await proxied.close();
      await proxy.close();
    }
  });
});

/** The ids of the cursors that our streams have open on the server. */
async function cursorsOfStreams(): Promise<unknown[]> {
  const operations = await replicaSet()
    .admin.db('admin')
    .aggregate([
      { $currentOp: { allUsers: true, idleCursors: true } },
      { $match: { 'cursor.originatingCommand.comment': 'notify-on-delivery' } },
    ])
    .toArray();
  return operations.map((operation) => (operation['cursor'] as Document)['cursorId'] as unknown);
}

describe('a server that can serve no stream', () => {
  const start = {
    wallTime: new Date(),
    opaque: { token: null, clusterTime: new Timestamp({ t: 1, i: 1 }) },
  };

  it('is unsupported when it is a standalone', async () => {
    const mongod = await startStandaloneMongod();
    const standalone = createMongoClient(mongod.uri, appName);
    try {
      const handle = await quickChangeSource(standalone.db('central').collection('sms')).open(
        start,
        { replay: false },
      );
      await expect(handle.read()).rejects.toMatchObject({ kind: 'unsupported', code: '40573' });
      await handle.close();
    } finally {
      await standalone.close();
      await mongod.close();
    }
  }, 60_000);

  it('is unsupported when the collection is a view', async () => {
    await sms.db.createCollection('view', { viewOn: sms.collectionName, pipeline: [] });
    const handle = await quickChangeSource(sms.db.collection('view')).open(start, {
      replay: false,
    });
    await expect(handle.read()).rejects.toMatchObject({ kind: 'unsupported', code: '166' });
    await handle.close();
  });

  it.each([
    ['transient when no host has an address', 'ENOTFOUND', 'ENOTFOUND', 'transient'],
    ['transient when the names can not be asked for', 'EAI_AGAIN', 'EAI_AGAIN', 'transient'],
    ['transient when only one host has no address', 'ENOTFOUND', 'EAI_AGAIN', 'transient'],
  ])('is %s', async (_, first, second, kind) => {
    const lost = new MongoClient(
      'mongodb://first.invalid,second.invalid/?replicaSet=rs0&serverSelectionTimeoutMS=200',
      {
        lookup: (host, _options, answer) => {
          const code = host === 'first.invalid' ? first : second;
          answer(Object.assign(new Error(`getaddrinfo ${code}`), { code }), []);
        },
      },
    );
    const handle = await quickChangeSource(lost.db('central').collection('sms')).open(start, {
      replay: false,
    });
    await expect(handle.read()).rejects.toMatchObject({ kind, code: 'MongoServerSelectionError' });
    await handle.close();
    await lost.close();
  });
});
