import { Buffer } from 'node:buffer';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { describe, expect, it } from '@jest/globals';
import { createNameServerProbe } from '../../../src/http/lookUpGate.ts';
import { closing } from './calling.ts';

const SERVER_FAILURE = 2;
const NO_SUCH_NAME = 3;

/** Says the same of every name (RFC 1035, 4.1.1), and nothing at all of those that begin with `dead`. */
async function startNameServer(code: number) {
  const socket = createSocket('udp4');
  socket.on('message', (question, { port, address }) => {
    if (question.includes('dead')) return;
    const answer = Buffer.from(question);
    answer.writeUInt16BE(0x8180 | code, 2);
    socket.send(answer, port, address);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return { address: `127.0.0.1:${socket.address().port}`, close: () => socket.close() };
}

describe('whether a look-up would be answered', () => {
  const opened = closing();

  it.each([
    ['that there is no such name', NO_SUCH_NAME],
    ['that it has failed', SERVER_FAILURE],
  ])('is so when a name server says %s', async (_, code) => {
    const { address } = opened(await startNameServer(code));
    expect(await createNameServerProbe([address])('a.example')).toBe(true);
  });

  it('is not so when it says nothing, however many others it answers', async () => {
    const { address } = opened(await startNameServer(NO_SUCH_NAME));
    const isAnswered = createNameServerProbe([address]);
    const names = Array.from({ length: 200 }, (_, index) => `dead-${index}.example`);
    const dead = Promise.all(names.map(async (name) => await isAnswered(name)));
    expect(await isAnswered('a.example')).toBe(true);
    expect(new Set(await dead)).toEqual(new Set([false]));
  });

  it('is so of a name that the system has in a file, whoever is silent', async () => {
    const { address } = opened(await startNameServer(NO_SUCH_NAME));
    const isAnswered = createNameServerProbe([address]);
    expect(await isAnswered('localhost')).toBe(true);
    expect(await isAnswered('dead.localhost')).toBe(false);
  });
});
