import { describe, expect, it } from '@jest/globals';
import type { LookupAll } from '../../src/http/addresses.ts';
import { closing, createCaller } from '../integration/http/calling.ts';
import { startReceiver } from '../support/receiver.ts';

/** As libuv has them with the 64 threads that `npm start` gives it. */
const THREADS_FOR_LOOK_UPS = 32;

/** Takes a thread for each look-up; those of dead names are given back only by `end`. */
function createThreads() {
  const waiting: (() => void)[] = [];
  const dead: (() => void)[] = [];
  let free = THREADS_FOR_LOOK_UPS;
  const next = (): void => {
    while (free > 0 && waiting.length > 0) {
      free -= 1;
      waiting.shift()?.();
    }
  };
  const lookup: LookupAll = (name, _options, callback) => {
    const give = (...result: Parameters<typeof callback>): void => {
      free += 1;
      callback(...result);
      next();
    };
    waiting.push(() => {
      const error = Object.assign(new Error('silent'), { code: 'EAI_AGAIN' });
      if (name.startsWith('dead-')) dead.push(() => give(error, []));
      else setImmediate(give, null, [{ address: '127.0.0.1', family: 4 }]);
    });
    next();
  };
  return {
    lookup,
    taken: () => THREADS_FOR_LOOK_UPS - free,
    close(): void {
      while (dead.length > 0) for (const end of dead.splice(0)) end();
    },
  };
}

describe('silent name servers of two hundred endpoints', () => {
  const opened = closing();

  it('keep nobody from connecting whose name is known to be quick, nor the databases from being resolved', async () => {
    const receiver = opened(await startReceiver());
    receiver.answer('/', { status: 200, headers: { connection: 'close' } });
    const threads = opened(createThreads());
    const egress = { allowedRanges: ['127.0.0.0/8'], proxy: null, lookup: threads.lookup };
    const { call } = opened(createCaller({ egress, connectTimeoutMs: 2_000, maxInFlight: 300 }));
    const url = `http://quick.example:${receiver.port}/`;
    expect(await call(url)).toMatchObject({ statusCode: 200 });
    const dead = Array.from({ length: 200 }, async (_, index) => {
      return await call(`http://dead-${index}.example:${receiver.port}/`);
    });
    for (let times = 0; times < 20; times += 1) {
      expect(await call(url)).toMatchObject({ statusCode: 200 });
    }
    expect(threads.taken()).toBeGreaterThan(0);
    expect(threads.taken()).toBeLessThan(THREADS_FOR_LOOK_UPS);
    for (const outcome of await Promise.all(dead)) {
      expect(outcome).toMatchObject({ kind: 'unanswered', error: 'timeout_connect' });
    }
    expect(receiver.acceptedSockets()).toBe(21);
  });
});
