import { describe, expect, it } from '@jest/globals';
import { keyOf, no, startRouteCache } from './routeCacheHarness.ts';

describe('an error of one key', () => {
  it('is returned at once to whoever asks for that key, and to nobody else', async () => {
    const cache = startRouteCache();
    const bad = await cache.find(keyOf(1));
    await cache.newest(1).fail('key', 'ROW_INVALID');
    await expect(bad.result).resolves.toEqual({ kind: 'unknown' });
    const good = await cache.find(keyOf(2));
    await cache.newest(2).answer(no);
    expect(await good.result).toBe(no);
    expect(cache.counted).toEqual({ hit: 0, miss: 1, stale: 0, error: 1 });
  });

  it('is remembered: the key is asked for again at a pace of its own', async () => {
    const cache = startRouteCache();
    const ask = async (): Promise<string> => (await cache.find(keyOf(1))).state;
    await ask();
    await cache.newest(1).fail('key', 'ROW_INVALID');
    await cache.pass(199);
    expect(await ask()).toBe('unknown');
    await cache.pass(1);
    expect(await ask()).toBe('waiting');
    await cache.newest(2).fail('key', 'ROW_INVALID');
    await cache.pass(399);
    expect(await ask()).toBe('unknown');
    await cache.pass(1);
    const last = await cache.find(keyOf(1));
    await cache.newest(3).answer(no);
    expect(await last.result).toBe(no);
  });

  it('shows that the database answers', async () => {
    const cache = startRouteCache();
    await cache.find(keyOf(1));
    await cache.beginOutage();
    await cache.pass(200);
    await cache.check(2).fail('unavailable');
    await cache.pass(400);
    await cache.newest(2).fail('key', 'ROW_INVALID');
    expect(cache.events()).toEqual([
      'warn mysql_unreachable',
      'warn mysql_recovered',
      'warn route_key_error',
    ]);
    await cache.find(keyOf(2));
    expect(cache.newest(3).key.accountId).toBe(2);
  });

  it('is not waited for when it is asked for again, but learnt of all the same', async () => {
    const cache = startRouteCache();
    await cache.find(keyOf(1));
    await cache.newest(1).fail('key', 'ROW_INVALID');
    await cache.pass(200);
    const again = await cache.find(keyOf(1));
    const beside = await cache.find(keyOf(1));
    await cache.pass(200);
    expect([again.state, beside.state]).toEqual(['unknown', 'unknown']);
    await expect(again.result).resolves.toEqual({ kind: 'unknown' });
    await cache.newest(2).answer(no);
    expect(await (await cache.find(keyOf(1))).result).toBe(no);
  });

  it('leaves one question in all to those in trouble', async () => {
    const cache = startRouteCache();
    for (const accountId of [1, 2, 3]) {
      await cache.find(keyOf(accountId));
      await cache.questions.at(-1)?.fail('key', 'ROW_INVALID');
    }
    await cache.pass(200);
    const again = [1, 2, 3].map(async (accountId) => (await cache.find(keyOf(accountId))).state);
    expect(await Promise.all(again)).toEqual(['waiting', 'waiting', 'waiting']);
    expect(cache.newest(4).key.accountId).toBe(1);
  });

  it('is logged with account and flow, once a minute', async () => {
    const cache = startRouteCache();
    for (let second = 0; second < 60; second += 5) {
      await cache.find(keyOf(1));
      await cache.questions.at(-1)?.fail('key', 'ROW_INVALID');
      await cache.pass(5000);
    }
    const line = [
      'warn',
      'route_key_error',
      { accountId: 1, flowId: 200, code: 'ROW_INVALID', problem: 'a problem of the kind key' },
    ];
    expect(cache.logged()).toEqual([line]);
    await cache.find(keyOf(1));
    await cache.questions.at(-1)?.fail('key', 'ROW_INVALID');
    expect(cache.logged()).toEqual([line, line]);
  });

  it('does not flood the log when it strikes many', async () => {
    const cache = startRouteCache();
    for (let accountId = 0; accountId < 50; accountId += 1) await cache.find(keyOf(accountId));
    for (const question of [...cache.questions]) await question.fail('key', 'ROW_INVALID');
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
    expect((await cache.find(keyOf(1))).state).toBe('unknown');
    expect(cache.logged()).toEqual([
      ['warn', 'route_key_error', { accountId: 1, flowId: 200, code: null, problem: 'a bug' }],
    ]);
    await cache.pass(200);
    expect((await cache.find(keyOf(1))).state).toBe('answered');
  });
});
