import { describe, expect, it } from '@jest/globals';
import type { CountedSpan } from '../../../src/domain/countedSpan.ts';
import { createEndpointCounts } from '../../../src/observability/endpointCounts.ts';
import { Stopping } from '../../../src/runtime/abort.ts';
import { aCalled, answered, aWebhook, unanswered } from '../../support/builders.ts';
import { watch } from '../../support/recorders.ts';

const start = Date.parse('2026-01-31T10:00:00Z');

/** Counts with a clock that is set by hand. */
function createCounts(options: Parameters<typeof createEndpointCounts>[1] = {}) {
  const clock = { nowMs: start + 1_234.5 };
  const counts = createEndpointCounts(() => clock.nowMs, options);
  return { counts, clock };
}

const named = (spans: readonly CountedSpan[], of: CountedSpan['of']): readonly CountedSpan[] =>
  spans.filter((span) => span.of === of);

const nothing = { delivered: 0, failed: 0, skipped: 0, attempts: {}, calls: 0, tookMs: 0 };

describe('an attempt', () => {
  it('is counted at its endpoint and in all, by its outcome and how long it took', () => {
    const { counts } = createCounts();
    counts.attempted(aCalled(), answered(200, { durationMs: 12 }));
    counts.attempted(aCalled(), answered(503, { durationMs: 100 }));
    counts.attempted(aCalled('other'), unanswered('timeout', { durationMs: 15_000 }));
    const { spans } = counts.take(10);
    const both = { ...nothing, attempts: { '2xx': 1, '5xx': 1 }, calls: 2, tookMs: 112 };
    const started = { start: new Date(start), accountId: 28, webhookId: 7 };
    expect(named(spans, 'endpoint')).toEqual([
      {
        ...{ ...started, ...both, url: 'https://customer.example/hook', of: 'endpoint' },
        ...{ id: expect.any(String), durations: { 8: 1, 14: 1 } },
      },
      expect.objectContaining({ attempts: { timeout: 1 }, calls: 1, tookMs: 15_000 }),
    ]);
    expect(named(spans, 'all')).toEqual([
      expect.objectContaining({
        ...{ accountId: null, webhookId: null, url: null, calls: 3, tookMs: 15_112 },
        attempts: { '2xx': 1, '5xx': 1, timeout: 1 },
      }),
    ]);
    expect(spans).toHaveLength(3);
    expect(new Set(spans.map(({ id }) => id)).size).toBe(3);
  });

  it('that was not made, since the address is refused, took no time of the endpoint', () => {
    const { counts } = createCounts();
    counts.attempted(aCalled(), unanswered('blocked_address', { durationMs: 3 }));
    const [span] = named(counts.take(10).spans, 'endpoint');
    expect(span).toMatchObject({ attempts: { blocked_address: 1 }, calls: 0, tookMs: 0 });
  });
});

describe('the end of a notification', () => {
  it('is counted where it went', () => {
    const { counts } = createCounts();
    counts.notificationEnded({ accountId: 28, webhook: aWebhook() }, 'delivered');
    counts.notificationEnded({ accountId: 28, webhook: aWebhook() }, 'failed');
    const { spans } = counts.take(10);
    const expected = { delivered: 1, failed: 1, skipped: 0 };
    expect(named(spans, 'endpoint')).toEqual([expect.objectContaining(expected)]);
    expect(named(spans, 'all')).toEqual([expect.objectContaining(expected)]);
  });

  it.each([
    ['can not be called', { webhookId: 7, displayUrl: null }],
    ['is only known from its record', { webhookId: 7, displayUrl: 'https://customer.example/' }],
    ['has no queue at present', { ...aWebhook(), endpointKey: '' }],
  ])('is counted by webhook where that %s', (_what, webhook) => {
    const { counts } = createCounts();
    counts.notificationEnded({ accountId: 28, webhook }, 'failed');
    counts.notificationEnded({ accountId: 29, webhook: { ...webhook } }, 'failed');
    const { webhookId, displayUrl: url } = webhook;
    expect(named(counts.take(10).spans, 'endpoint')).toMatchObject([
      { accountId: 28, webhookId, url, failed: 1 },
      { accountId: 29, webhookId, url, failed: 1 },
    ]);
  });

  it('is counted by account where it leads nowhere, and in all where there is no account', () => {
    const { counts } = createCounts();
    counts.notificationEnded({ accountId: 28 }, 'skipped');
    counts.notificationEnded({ accountId: null }, 'skipped');
    const { spans } = counts.take(10);
    expect(spans).toHaveLength(2);
    expect(named(spans, 'account')).toMatchObject([{ accountId: 28, skipped: 1, url: null }]);
    expect(named(spans, 'all')).toMatchObject([{ skipped: 2 }]);
  });
});

describe('a span', () => {
  it('has five minutes, by the clock', () => {
    const { counts, clock } = createCounts();
    counts.attempted(aCalled(), answered(200));
    clock.nowMs = start + 299_999.9;
    counts.attempted(aCalled(), answered(200));
    clock.nowMs = start + 300_000;
    counts.attempted(aCalled(), answered(500));
    expect(named(counts.take(10).spans, 'endpoint')).toMatchObject([
      { start: new Date(start), attempts: { '2xx': 2 } },
      { start: new Date(start + 300_000), attempts: { '5xx': 1 } },
    ]);
  });

  it.each([
    ['a little', 60_000, 1],
    ['by days', 3 * 86_400_000, 2],
  ])('whose clock is set back %s takes no id of another', (_what, backMs, spans) => {
    const { counts, clock } = createCounts();
    counts.attempted(aCalled(), answered(200));
    clock.nowMs -= backMs;
    counts.attempted(aCalled(), answered(200));
    clock.nowMs += backMs;
    counts.attempted(aCalled(), answered(200));
    const ids = named(counts.take(10).spans, 'all').map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.length).toBeGreaterThanOrEqual(spans);
  });

  it('of another process takes no id of this one', () => {
    const ids = [createCounts(), createCounts()].flatMap(({ counts }) => {
      counts.attempted(aCalled(), answered(200));
      return counts.take(10).spans.map(({ id }) => id);
    });
    expect(new Set(ids).size).toBe(4);
  });

  it('counts only so many endpoints apart', () => {
    const { counts } = createCounts({ countedApart: 3 });
    for (let index = 0; index < 9; index += 1) {
      counts.attempted(aCalled(`endpoint-${index}`), answered(200));
    }
    counts.attempted(aCalled('endpoint-0'), answered(200));
    const { spans } = counts.take(99);
    expect(named(spans, 'endpoint').map(({ calls }) => calls)).toEqual([2, 1, 1]);
    expect(named(spans, 'others')).toMatchObject([{ calls: 6, accountId: null, url: null }]);
    expect(named(spans, 'all')).toMatchObject([{ calls: 10 }]);
  });
});

describe('what was counted', () => {
  it('is taken once, and again with all there is when more has come', () => {
    const { counts } = createCounts();
    expect(counts.take(9).spans).toEqual([]);
    counts.attempted(aCalled(), answered(200));
    expect(counts.changed()).toBe(2);
    const [first] = named(counts.take(9).spans, 'all');
    expect(counts.take(9).spans).toEqual([]);
    counts.attempted(aCalled(), answered(200));
    expect(named(counts.take(9).spans, 'all')).toMatchObject([{ id: first?.id, calls: 2 }]);
  });

  it('is taken again when it is put back, also what has changed meanwhile', () => {
    const { counts } = createCounts();
    counts.attempted(aCalled(), answered(200));
    counts.attempted(aCalled('other'), answered(200));
    const taken = counts.take(9);
    counts.attempted(aCalled(), answered(200));
    taken.putBack();
    expect(
      named(counts.take(9).spans, 'endpoint')
        .map(({ calls }) => calls)
        .toSorted((one, other) => one - other),
    ).toEqual([1, 2]);
    expect(counts.changed()).toBe(0);
  });

  it('is taken a part at a time, the oldest first', () => {
    const { counts } = createCounts();
    for (const key of ['a', 'b', 'c']) counts.attempted(aCalled(key), answered(200));
    expect(
      [counts.take(3), counts.take(3), counts.take(3)].map(({ spans }) => spans.length),
    ).toEqual([3, 1, 0]);
  });

  it('and can not be written is forgotten in the end, the oldest first', () => {
    const { counts, clock } = createCounts({ countedApart: 2 });
    for (let spans = 0; spans < 9; spans += 1) {
      counts.attempted(aCalled('a'), answered(200));
      counts.attempted(aCalled('b'), answered(200));
      clock.nowMs += 300_000;
    }
    const { spans } = counts.take(99);
    expect(spans).toHaveLength(4);
    expect(named(spans, 'all').at(-1)?.start).toEqual(new Date(start + 8 * 300_000));
  });

  it('is waited for, unless a stop comes', async () => {
    const { counts } = createCounts();
    const stopping = new AbortController();
    const changed = counts.untilChanged(stopping.signal);
    await Promise.resolve();
    expect(watch(changed).isSettled).toBe(false);
    counts.notificationEnded({ accountId: null }, 'skipped');
    await changed;
    await counts.untilChanged(stopping.signal);
    counts.take(9);
    const stopped = counts.untilChanged(stopping.signal);
    stopping.abort(new Stopping());
    await expect(stopped).rejects.toThrow(Stopping);
  });
});
