import { createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { readGroupTopics } from '../../../src/kafka/groupTopics.ts';
import { createReader, createWriter } from '../../../src/kafka/protocol/wire.ts';
import { useBroker } from '../../support/kafka/useBroker.ts';
import { listenLocally } from '../../support/listenLocally.ts';
import { plainConnection as plain } from '../../support/kafka/plainConnection.ts';

const broker = useBroker();

async function topicsOf(group: string, at = broker().bootstrap): Promise<unknown> {
  const connection = { ...plain, brokers: [at] };
  return await readGroupTopics(connection, { group, clientId: 'host:7', limitMs: 10_000 });
}

describe('the topics of which a group has offsets', () => {
  beforeAll(async () => {
    const { admin } = broker();
    for (const topic of ['sms', 'mails']) {
      await admin.create(topic, { partitions: 2 });
      await admin.commit('both', topic, new Map([[1, 0]]));
    }
  });

  it('are told by its coordinator', async () => {
    expect(await topicsOf('none')).toEqual([]);
    expect(new Set((await topicsOf('both')) as string[])).toEqual(new Set(['sms', 'mails']));
  });
});

describe('a coordinator', () => {
  const servers: Server[] = [];
  const sockets: Socket[] = [];
  afterEach(() => {
    for (const server of servers.splice(0)) server.close();
    for (const socket of sockets.splice(0)) socket.destroy();
  });

  /** Names itself as coordinator, with these errors in its answers. */
  async function answering(found: number, fetched: number): Promise<string> {
    let port = 0;
    const server = createServer((socket) => {
      sockets.push(socket);
      socket.on('error', () => undefined);
      socket.on('data', (request: Buffer) => {
        const asked = createReader(request.subarray(4));
        const answer = createWriter();
        const key = asked.int16();
        asked.int16();
        answer.int32(asked.int32());
        if (key === 10) answer.int16(found).int32(1).string('127.0.0.1').int32(port);
        else answer.int32(0).int16(fetched);
        socket.write(createWriter().bytes(answer.done()).done());
      });
    });
    servers.push(server);
    port = await listenLocally(server);
    return `127.0.0.1:${port}`;
  }

  it.each([
    [15, 0, 15],
    [0, 14, 14],
    [0, 30, 30],
  ])('may refuse to answer: %i, %i', async (found, fetched, code) => {
    await expect(topicsOf('any', await answering(found, fetched))).rejects.toMatchObject({ code });
    expect(await topicsOf('any', await answering(0, 0))).toEqual([]);
  });

  it('may be away', async () => {
    expect(await topicsOf('any', '127.0.0.1:1')).toBeNull();
  });
});
