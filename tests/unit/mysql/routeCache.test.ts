import { describe, expect, it } from '@jest/globals';
import { keyOf, no, noWebhook, startRouteCache } from './routeCacheHarness.ts';

describe('answers', () => {
  it('are kept for the ttl, a "no" too, and then asked for again', async () => {
    const cache = startRouteCache();
    const first = await cache.find(keyOf(28));
    await cache.newest(1).answer(no);
    expect(await first.result).toBe(no);
    await cache.pass(29_999);
    expect(await (await cache.find(keyOf(28))).result).toBe(no);
    await cache.pass(1);
    const again = await cache.find(keyOf(28));
    await cache.newest(2).answer(noWebhook);
    expect(await again.result).toBe(noWebhook);
    expect(cache.counted).toEqual({ hit: 1, miss: 2, stale: 0, error: 0 });
  });

  it('are kept per account and flow, and per status only where the query uses it', async () => {
    const keys = [
      keyOf(28),
      keyOf(28, 'FAILED'),
      keyOf('28'),
      keyOf(29),
      { ...keyOf(28), flowId: 1 },
    ];
    const cache = startRouteCache();
    for (const key of keys) await cache.find(key);
    expect(cache.questions.map(({ key }) => [key.accountId, key.flowId])).toEqual([
      [28, 200],
      [29, 200],
      [28, 1],
    ]);
    const byStatus = startRouteCache({ usesDeliveryStatus: true });
    for (const key of keys) await byStatus.find(key);
    expect(byStatus.questions.map(({ key }) => key.deliveryStatus)).toEqual([
      ...['DELIVERED', 'FAILED', 'DELIVERED', 'DELIVERED'],
    ]);
  });

  it('are dropped beyond the size, the longest unused first', async () => {
    const cache = startRouteCache({ size: 1 });
    for (const accountId of [1, 2, 1]) {
      await cache.find(keyOf(accountId));
      await cache.questions.at(-1)?.answer(no);
    }
    expect(cache.questions).toHaveLength(3);
  });

  it('are shared by all who ask while the question is in progress, even with a ttl of 0', async () => {
    const cache = startRouteCache({ ttlMs: 0 });
    const all = await Promise.all([1, 2, 3].map(async () => await cache.find(keyOf(28))));
    await cache.newest(1).answer(no);
    expect(all.map(({ state }) => state)).toEqual(['answered', 'answered', 'answered']);
    await cache.find(keyOf(28));
    expect(cache.questions).toHaveLength(2);
    expect(cache.counted).toEqual({ hit: 0, miss: 3, stale: 0, error: 0 });
  });
});

describe('an abort', () => {
  it('before the question asks nothing', async () => {
    const cache = startRouteCache();
    const { result } = await cache.find(keyOf(28), AbortSignal.abort(new Error('stopping')));
    await expect(result).rejects.toThrow('stopping');
    expect(cache.questions).toHaveLength(0);
  });

  it('of one of several takes out that one only', async () => {
    const cache = startRouteCache();
    const stop = new AbortController();
    const one = await cache.find(keyOf(28), stop.signal);
    const other = await cache.find(keyOf(28));
    stop.abort(new Error('stopping'));
    await expect(one.result).rejects.toThrow('stopping');
    await cache.newest(1).answer(no);
    expect(await other.result).toBe(no);
  });

  it('of the last one withdraws the question, and the next one asks anew', async () => {
    const cache = startRouteCache();
    const stop = new AbortController();
    const one = await cache.find(keyOf(28), stop.signal);
    stop.abort(new Error('stopping'));
    await expect(one.result).rejects.toThrow('stopping');
    expect(cache.newest(1).signal.aborted).toBe(true);
    const next = await cache.find(keyOf(28));
    await cache.newest(2).answer(no);
    expect(await next.result).toBe(no);
    expect(cache.logged()).toEqual([]);
    expect(cache.counted.error).toBe(0);
  });

  it('ends the waiting in an outage', async () => {
    const cache = startRouteCache();
    const stop = new AbortController();
    const one = await cache.find(keyOf(28), stop.signal);
    await cache.newest(1).fail('unavailable');
    await cache.checks.at(-1)?.fail('unavailable');
    expect(one.state).toBe('waiting');
    stop.abort(new Error('stopping'));
    await expect(one.result).rejects.toThrow('stopping');
  });

  it('of the one that asks in an outage lets the next in line ask', async () => {
    const cache = startRouteCache();
    const stop = new AbortController();
    const one = await cache.find(keyOf(1), stop.signal);
    await cache.newest(1).fail('unavailable');
    await cache.checks.at(-1)?.fail('unavailable');
    const two = await cache.find(keyOf(2));
    await cache.pass(200);
    await cache.check(2).fail('unavailable');
    await cache.pass(400);
    expect(cache.newest(2).key.accountId).toBe(1);
    stop.abort(new Error('stopping'));
    await expect(one.result).rejects.toThrow('stopping');
    await cache.pass(0);
    await cache.find(keyOf(3));
    await cache.check(3).succeed();
    expect(cache.questions.slice(2).map(({ key }) => key.accountId)).toEqual([2, 3]);
    await cache.questions[2]?.answer(no);
    expect(two.state).toBe('answered');
  });
});

describe('a known answer', () => {
  async function startKnowing(staleMs: number) {
    const cache = startRouteCache({ staleMs });
    await cache.find(keyOf(28));
    await cache.newest(1).answer(no);
    return cache;
  }

  it('is used in an outage up to its limit, from then on it is waited', async () => {
    const cache = await startKnowing(60_000);
    await cache.pass(60_000);
    const within = await cache.find(keyOf(28));
    await cache.newest(2).fail('unavailable');
    await cache.checks.at(-1)?.fail('unavailable');
    expect(await within.result).toBe(no);
    expect(cache.counted).toEqual({ hit: 0, miss: 1, stale: 1, error: 1 });
    await cache.pass(200);
    const beyond = await cache.find(keyOf(28));
    await cache.check(2).fail('unavailable');
    expect(beyond.state).toBe('waiting');
  });

  it('is not used for a while longer than 0 when that is the limit', async () => {
    const cache = startRouteCache({ ttlMs: 0, staleMs: 0 });
    await cache.find(keyOf(28));
    await cache.newest(1).answer(no);
    const again = await cache.find(keyOf(28));
    await cache.newest(2).fail('unavailable');
    await cache.checks.at(-1)?.fail('unavailable');
    expect(again.state).toBe('waiting');
  });

  it('is given at once while the outage is fresh or being asked about', async () => {
    const cache = await startKnowing(600_000);
    await cache.find(keyOf(29));
    await cache.newest(2).fail('unavailable');
    await cache.checks.at(-1)?.fail('unavailable');
    await cache.pass(30_000);
    await cache.check(2).fail('unavailable');
    expect((await cache.find(keyOf(28))).state).toBe('answered');
    await cache.pass(400);
    expect(cache.newest(3).key.accountId).toBe(29);
    expect((await cache.find(keyOf(28))).state).toBe('answered');
    expect(cache.counted.stale).toBe(2);
    expect(cache.events()).toEqual(['warn mysql_unreachable', 'warn route_cache_stale']);
  });

  it('is given at once while it is not known whom a failure concerns', async () => {
    const cache = await startKnowing(600_000);
    await cache.pass(30_000);
    await cache.find(keyOf(29));
    await cache.newest(2).fail('unavailable', 'QUERY_TIMEOUT');
    expect((await cache.find(keyOf(28))).state).toBe('answered');
    expect(cache.counted.stale).toBe(1);
  });

  it('is asked for again when the pace allows, and renewed by the answer', async () => {
    const cache = await startKnowing(600_000);
    await cache.pass(30_000);
    await cache.find(keyOf(28));
    await cache.newest(2).fail('unavailable');
    await cache.checks.at(-1)?.fail('unavailable');
    await cache.pass(200);
    const asking = await cache.find(keyOf(28));
    await cache.check(2).succeed();
    await cache.newest(3).answer(noWebhook);
    expect(await asking.result).toBe(noWebhook);
    expect(await (await cache.find(keyOf(28))).result).toBe(noWebhook);
    expect(cache.questions).toHaveLength(3);
  });

  it('is no help against an error of its own key', async () => {
    const cache = await startKnowing(600_000);
    await cache.pass(30_000);
    const again = await cache.find(keyOf(28));
    await cache.newest(2).fail('key', 'ROW_INVALID');
    expect(again.state).toBe('unknown');
  });
});
