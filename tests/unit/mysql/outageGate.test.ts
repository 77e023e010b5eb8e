import { describe, expect, it } from '@jest/globals';
import { keyOf, no, noWebhook, startRouteCache } from './routeCacheHarness.ts';

describe('an outage', () => {
  it.each(['unavailable', 'schema', 'denied'] as const)(
    'of the kind %s is waited for, never taken for a "no"',
    async (kind) => {
      const cache = startRouteCache();
      const waiting = await cache.find(keyOf(28));
      for (const waitMs of [200, 400, 800, 1600, 3200, 5000, 5000]) {
        await cache.questions.at(-1)?.fail(kind);
        const asked = cache.questions.length;
        await cache.pass(waitMs - 1);
        expect(cache.questions).toHaveLength(asked);
        await cache.pass(1);
        expect(cache.questions).toHaveLength(asked + 1);
      }
      expect(waiting.state).toBe('waiting');
      await cache.newest(8).answer(noWebhook);
      expect(await waiting.result).toBe(noWebhook);
      expect(cache.counted).toEqual({ hit: 0, miss: 1, stale: 0, error: 7 });
    },
  );

  it('is asked about by one key at a time; all ask once it is over', async () => {
    const cache = startRouteCache();
    const waiting = [await cache.find(keyOf(1))];
    await cache.newest(1).fail('unavailable');
    for (const accountId of [2, 3, 4]) waiting.push(await cache.find(keyOf(accountId)));
    expect(cache.questions).toHaveLength(1);
    await cache.pass(200);
    await cache.newest(2).fail('unavailable');
    await cache.pass(400);
    await cache.newest(3).answer(no);
    expect(cache.questions).toHaveLength(6);
    for (const question of cache.questions.slice(3)) await question.answer(no);
    expect(waiting.map(({ state }) => state)).toEqual(Array(4).fill('answered'));
  });

  it('does not last longer for many questions that fail together', async () => {
    const cache = startRouteCache();
    for (const accountId of [1, 2, 3, 4]) await cache.find(keyOf(accountId));
    for (const question of [...cache.questions]) await question.fail('unavailable');
    await cache.pass(200);
    expect(cache.questions).toHaveLength(5);
  });

  it('is over with any answer, also one to a question from before', async () => {
    const cache = startRouteCache();
    for (const accountId of [1, 2]) await cache.find(keyOf(accountId));
    const [one, two] = cache.questions;
    await one?.fail('unavailable');
    await two?.answer(no);
    await cache.pass(200);
    expect(cache.newest(3).key.accountId).toBe(1);
    expect(cache.events()).toEqual(['warn mysql_unreachable', 'warn mysql_answers_again']);
  });

  it('is logged once when it begins, once per kind, and once when it ends', async () => {
    const cache = startRouteCache();
    await cache.find(keyOf(28));
    for (const kind of ['unavailable', 'unavailable', 'schema', 'unavailable', 'denied'] as const) {
      await cache.questions.at(-1)?.fail(kind, `CODE_${kind}`);
      await cache.pass(5000);
    }
    await cache.questions.at(-1)?.answer(no);
    expect(cache.logged()).toEqual([
      ['warn', 'mysql_unreachable', expect.objectContaining({ code: 'CODE_unavailable' })],
      ['error', 'mysql_schema_error', expect.objectContaining({ code: 'CODE_schema' })],
      ['error', 'mysql_schema_error', expect.objectContaining({ code: 'CODE_denied' })],
      ['warn', 'mysql_answers_again', { afterMs: 25_000 }],
    ]);
  });
});
