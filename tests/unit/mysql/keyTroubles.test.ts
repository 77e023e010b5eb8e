import { describe, expect, it } from '@jest/globals';
import { keyOf, no, startRouteCache } from './routeCacheHarness.ts';

describe('an error of one key', () => {
  it('makes that key wait at its own pace, and nobody else', async () => {
    const cache = startRouteCache();
    const bad = await cache.find(keyOf(1));
    await cache.newest(1).fail('key', 'ROW_INVALID');
    const good = await cache.find(keyOf(2));
    await cache.newest(2).answer(no);
    expect(await good.result).toBe(no);
    await cache.pass(200);
    await cache.newest(3).fail('key', 'ROW_INVALID');
    await cache.pass(399);
    expect(cache.questions).toHaveLength(3);
    await cache.pass(1);
    await cache.newest(4).answer(no);
    expect(await bad.result).toBe(no);
    expect(cache.counted).toEqual({ hit: 0, miss: 2, stale: 0, error: 2 });
  });

  it('is remembered for the next who ask', async () => {
    const cache = startRouteCache();
    const stop = new AbortController();
    const first = await cache.find(keyOf(1), stop.signal);
    await cache.newest(1).fail('key');
    stop.abort(new Error('parked'));
    await expect(first.result).rejects.toThrow('parked');
    await cache.find(keyOf(1));
    expect(cache.questions).toHaveLength(1);
    await cache.pass(200);
    expect(cache.questions).toHaveLength(2);
  });

  it('shows that the database answers', async () => {
    const cache = startRouteCache();
    await cache.find(keyOf(1));
    await cache.newest(1).fail('unavailable');
    await cache.pass(200);
    await cache.newest(2).fail('key');
    expect(cache.events()).toEqual([
      'warn mysql_unreachable',
      'warn mysql_answers_again',
      'warn route_key_error',
    ]);
    await cache.find(keyOf(2));
    expect(cache.newest(3).key.accountId).toBe(2);
  });

  it('is logged with account and flow, once a minute', async () => {
    const cache = startRouteCache();
    await cache.find(keyOf(1));
    for (let second = 0; second < 60; second += 5) {
      await cache.questions.at(-1)?.fail('key', 'ROW_INVALID');
      await cache.pass(5000);
    }
    const line = [
      'warn',
      'route_key_error',
      { accountId: 1, flowId: 200, code: 'ROW_INVALID', problem: 'a problem of the kind key' },
    ];
    expect(cache.logged()).toEqual([line]);
    await cache.questions.at(-1)?.fail('key', 'ROW_INVALID');
    expect(cache.logged()).toEqual([line, line]);
  });

  it('does not flood the log when it strikes many', async () => {
    const cache = startRouteCache();
    for (let accountId = 0; accountId < 50; accountId += 1) await cache.find(keyOf(accountId));
    for (const question of [...cache.questions]) await question.fail('key');
    expect(cache.logged()).toHaveLength(1);
  });

  it('is also what a fault of the lookup itself is taken for', async () => {
    let asked = 0;
    const cache = startRouteCache({
      lookup: async () => {
        asked += 1;
        return asked === 1 ? await Promise.reject(new TypeError('a bug')) : no;
      },
    });
    const waiting = await cache.find(keyOf(1));
    expect(cache.logged()).toEqual([
      ['warn', 'route_key_error', { accountId: 1, flowId: 200, code: null, problem: 'a bug' }],
    ]);
    await cache.pass(200);
    expect(waiting.state).toBe('answered');
  });
});
