import { once } from 'node:events';
import { createServer } from 'node:net';
import { describe, expect, it } from '@jest/globals';
import type { LookupAll } from '../../../src/http/addresses.ts';
import { startReceiver } from '../../support/receiver.ts';
import { until } from '../../support/until.ts';
import { bothForms, closing } from './calling.ts';

const blocked = { kind: 'unanswered', error: 'blocked_address' };

/** Each name leads to these addresses, one answer after the other; the last one stays. */
function names(answers: Readonly<Record<string, readonly (readonly string[])[]>>): LookupAll {
  const turns = new Map<string, number>();
  return (name, _options, callback) => {
    const turn = turns.get(name) ?? 0;
    turns.set(name, turn + 1);
    const found = answers[name]?.[turn] ?? answers[name]?.at(-1) ?? [];
    const addresses = found.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
    setImmediate(callback, null, addresses);
  };
}

/** Listens, and only counts who comes. */
async function startCounter(address: string, port: number) {
  let connections = 0;
  const server = createServer((socket) => {
    connections += 1;
    socket.destroy();
  });
  server.listen(port, address);
  await once(server, 'listening');
  return { connections: () => connections, close: () => server.close() };
}

describe.each(bothForms)('the guard over connections of %s', (_form, createCaller) => {
  const opened = closing();

  it.each(['127.0.0.1', '127.1', '2130706433', '0x7f.1', '[::ffff:127.0.0.1]', 'localhost'])(
    'refuses %s where nothing is allowed, over http and https, and connects to nobody',
    async (host) => {
      const receiver = opened(await startReceiver());
      const { call } = opened(createCaller({ egress: { allowedRanges: [], proxy: null } }));
      for (const scheme of ['http', 'https']) {
        const outcome = await call(`${scheme}://${host}:${receiver.port}/`);
        expect(outcome).toMatchObject(blocked);
      }
      expect(receiver.acceptedSockets()).toBe(0);
    },
  );

  it('checks again at every connection where a name leads', async () => {
    const receiver = opened(await startReceiver());
    receiver.answer('/', { status: 200, headers: { connection: 'close' } });
    const lookup = names({ 'rebinding.example': [['127.0.0.1'], ['127.0.0.2']] });
    const egress = { allowedRanges: ['127.0.0.1'], proxy: null, lookup };
    const { call } = opened(createCaller({ egress }));
    const url = `http://rebinding.example:${receiver.port}/`;
    const other = opened(await startCounter('127.0.0.2', receiver.port));
    expect(await call(url)).toMatchObject({ statusCode: 200 });
    expect(await call(url)).toMatchObject(blocked);
    expect(receiver.acceptedSockets()).toBe(1);
    expect(other.connections()).toBe(0);
  });

  it('follows a name to its new address while calls go on', async () => {
    const receiver = opened(await startReceiver());
    const moved = opened(await startCounter('127.0.0.2', receiver.port));
    const lookup = names({ 'moved.example': [['127.0.0.1'], ['127.0.0.2']] });
    const egress = { allowedRanges: ['127.0.0.0/8'], proxy: null, lookup };
    const { call } = opened(createCaller({ egress, connectionMaxAgeMs: 300 }));
    await until('the new address is called', async () => {
      await call(`http://moved.example:${receiver.port}/`);
      return moved.connections() > 0;
    });
    expect(receiver.acceptedSockets()).toBe(1);
    expect(receiver.requests().length).toBeGreaterThan(2);
  });

  it('connects to the addresses of a name that may be called, and to no others', async () => {
    const receiver = opened(await startReceiver());
    const other = opened(await startCounter('127.0.0.2', receiver.port));
    const lookup = names({ 'both.example': [['127.0.0.2', '::1', '127.0.0.1']] });
    const egress = { allowedRanges: ['127.0.0.1'], proxy: null, lookup };
    const { call } = opened(createCaller({ egress }));
    const url = `http://both.example:${receiver.port}/`;
    expect(await call(url)).toMatchObject({ statusCode: 200 });
    expect(await call(url)).toMatchObject({ statusCode: 200 });
    expect(receiver.requests().map(({ headers }) => headers.host)).toEqual([
      `both.example:${receiver.port}`,
      `both.example:${receiver.port}`,
    ]);
    expect(receiver.acceptedSockets()).toBe(1);
    expect(other.connections()).toBe(0);
  });

  it('tries one allowed address after the other', async () => {
    const receiver = opened(await startReceiver());
    const lookup = names({ 'many.example': [['::1', '127.0.0.1']] });
    const egress = { allowedRanges: ['127.0.0.0/8', '::1'], proxy: null, lookup };
    const { call } = opened(createCaller({ egress }));
    expect(await call(`http://many.example:${receiver.port}/`)).toMatchObject({ statusCode: 200 });
  });

  it('leaves calls that follow alone', async () => {
    const receiver = opened(await startReceiver());
    const egress = { allowedRanges: ['127.0.0.1'], proxy: null };
    const { call } = opened(createCaller({ egress }));
    const outcomes = await Promise.all(
      Array.from(
        { length: 40 },
        async (_, index) =>
          await call(index % 2 === 0 ? `http://127.0.0.2:${receiver.port}/` : receiver.url()),
      ),
    );
    const kinds = outcomes.map((outcome) => ('error' in outcome ? outcome.error : null));
    expect(kinds.filter((error) => error === 'blocked_address')).toHaveLength(20);
    expect(receiver.requests()).toHaveLength(20);
  });
});
