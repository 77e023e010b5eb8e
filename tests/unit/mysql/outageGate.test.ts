import { describe, expect, it } from '@jest/globals';
import { keyOf, no, noWebhook, startRouteCache } from './routeCacheHarness.ts';

describe('a failure', () => {
  it.each(['unavailable', 'schema', 'denied', 'key'] as const)(
    'of the kind %s is of its key alone when the harmless question is answered',
    async (kind) => {
      const cache = startRouteCache();
      const bad = await cache.find(keyOf(1));
      await cache.newest(1).fail(kind);
      await cache.check(1).succeed();
      // Once more: it may have been the connection, or a moment.
      await cache.newest(2).fail(kind);
      await cache.check(2).succeed();
      await expect(bad.result).resolves.toEqual({ kind: 'unknown' });
      expect(cache.events()).toEqual(['warn route_key_error']);
    },
  );

  it('is of its key alone when anybody was answered meanwhile, whatever comes of the harmless question', async () => {
    const cache = startRouteCache();
    const bad = await cache.find(keyOf(1));
    for (const [index, other] of [2, 3].entries()) {
      await cache.questions.at(-1)?.fail('key');
      await cache.find(keyOf(other));
      await cache.questions.at(-1)?.answer(no);
      // Asks once more after the first time.
      await cache.check(index + 1).fail('unavailable');
    }
    await expect(bad.result).resolves.toEqual({ kind: 'unknown' });
    expect(cache.events()).toEqual(['warn route_key_error']);
  });

  it('holds up nobody while it is not known whom it concerns', async () => {
    const cache = startRouteCache();
    await cache.find(keyOf(1));
    await cache.newest(1).fail('unavailable');
    const other = await cache.find(keyOf(2));
    await cache.newest(2).answer(no);
    expect(other.state).toBe('answered');
  });

  it('of many at once is found out about by one question', async () => {
    const cache = startRouteCache();
    for (const accountId of [1, 2, 3, 4]) await cache.find(keyOf(accountId));
    for (const question of [...cache.questions]) await question.fail('unavailable');
    expect(cache.checks).toHaveLength(1);
  });

  it('is asked for once more when it may have been of the connection', async () => {
    const cache = startRouteCache();
    const lost = await cache.find(keyOf(1));
    await cache.newest(1).fail('unavailable', 'ECONNRESET');
    await cache.check(1).succeed();
    await cache.newest(2).answer(no);
    expect(await lost.result).toBe(no);
    expect(cache.logged()).toEqual([]);
  });
});

describe('an outage', () => {
  it.each(['unavailable', 'schema', 'denied', 'key'] as const)(
    'of the kind %s is waited for, never taken for a "no"',
    async (kind) => {
      const cache = startRouteCache();
      const waiting = await cache.find(keyOf(28));
      await cache.beginOutage(kind);
      const asked = (): number => cache.checks.length + cache.questions.length;
      for (const waitMs of [200, 400, 800, 1600, 3200, 5000, 5000]) {
        const before = asked();
        await cache.pass(waitMs - 1);
        expect(asked()).toBe(before);
        await cache.pass(1);
        expect(asked()).toBe(before + 1);
        await cache.checks.at(-1)?.fail(kind);
        await cache.questions.at(-1)?.fail(kind);
      }
      expect(waiting.state).toBe('waiting');
      await cache.pass(5000);
      await cache.newest(5).answer(noWebhook);
      expect(await waiting.result).toBe(noWebhook);
    },
  );

  it('is asked about by the harmless question and by a key that waits, in turn', async () => {
    const cache = startRouteCache();
    await cache.find(keyOf(1));
    await cache.beginOutage();
    await cache.pass(200);
    await cache.check(2).fail('unavailable');
    await cache.pass(400);
    await cache.newest(2).fail('unavailable');
    await cache.pass(800);
    expect([cache.questions.length, cache.checks.length]).toEqual([2, 3]);
  });

  it('is over when a key is answered, though the harmless question never is', async () => {
    const cache = startRouteCache();
    const waiting = await cache.find(keyOf(1));
    await cache.beginOutage();
    await cache.pass(200);
    await cache.check(2).fail('unavailable');
    await cache.pass(400);
    await cache.newest(2).answer(no);
    expect(await waiting.result).toBe(no);
    expect(cache.events()).toEqual(['warn mysql_unreachable', 'warn mysql_recovered']);
  });

  it('that follows each time a key is asked for is not brought about by it for ever', async () => {
    const cache = startRouteCache();
    const fatal = await cache.find(keyOf(1));
    for (let outages = 1; outages <= 3; outages += 1) {
      expect(fatal.state).toBe('waiting');
      await cache.beginOutage();
      await cache.pass(200);
      if (outages < 3) await cache.checks.at(-1)?.succeed();
    }
    await expect(fatal.result).resolves.toEqual({ kind: 'unknown' });
    expect(cache.questions).toHaveLength(3);
  });

  it('is asked about by one at a time; all ask once it is over', async () => {
    const cache = startRouteCache();
    const waiting = [await cache.find(keyOf(1))];
    await cache.beginOutage();
    for (const accountId of [2, 3, 4]) waiting.push(await cache.find(keyOf(accountId)));
    expect(cache.questions).toHaveLength(1);
    await cache.pass(200);
    await cache.check(2).succeed();
    expect(cache.questions).toHaveLength(5);
    for (const question of cache.questions.slice(1)) await question.answer(no);
    expect(waiting.map(({ state }) => state)).toEqual(Array(4).fill('answered'));
  });

  it('does not last longer for many questions that fail together', async () => {
    const cache = startRouteCache();
    for (const accountId of [1, 2, 3, 4]) await cache.find(keyOf(accountId));
    for (const question of [...cache.questions]) await question.fail('unavailable');
    await cache.check(1).fail('unavailable');
    await cache.pass(200);
    expect(cache.checks).toHaveLength(2);
  });

  it('is over with any answer, also one to a question from before', async () => {
    const cache = startRouteCache();
    for (const accountId of [1, 2]) await cache.find(keyOf(accountId));
    const [one, two] = cache.questions;
    await one?.fail('unavailable');
    await cache.check(1).fail('unavailable');
    await two?.answer(no);
    await cache.pass(200);
    expect(cache.newest(3).key.accountId).toBe(1);
    expect(cache.events()).toEqual(['warn mysql_unreachable', 'warn mysql_recovered']);
  });

  it('is logged once when it begins, once per kind, and once when it ends', async () => {
    const cache = startRouteCache();
    await cache.find(keyOf(28));
    await cache.beginOutage('unavailable', 'CODE_unavailable');
    for (const kind of ['unavailable', 'unavailable', 'schema', 'unavailable', 'denied'] as const) {
      await cache.pass(5000);
      await cache.questions.at(-1)?.fail(kind, `CODE_${kind}`);
      await cache.checks.at(-1)?.fail(kind, `CODE_${kind}`);
    }
    await cache.pass(5000);
    await cache.questions.at(-1)?.answer(no);
    await cache.checks.at(-1)?.succeed();
    expect(cache.logged()).toEqual([
      ['warn', 'mysql_unreachable', expect.objectContaining({ code: 'CODE_unavailable' })],
      ['error', 'mysql_schema_error', expect.objectContaining({ code: 'CODE_schema' })],
      ['error', 'mysql_schema_error', expect.objectContaining({ code: 'CODE_denied' })],
      ['warn', 'mysql_recovered', { afterMs: 30_000 }],
    ]);
  });
});
