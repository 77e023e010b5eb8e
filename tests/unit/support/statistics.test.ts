import { describe, expect, it } from '@jest/globals';
import { DURATION_BUCKETS, durationBucket } from '../../../src/domain/durations.ts';
import type { StoredSpan } from '../../../src/mongo/endpointStats.ts';
import { MOST_HOURS, rangeOf, toSeries } from '../../../src/support/statistics.ts';

const now = Date.parse('2026-01-31T10:07:31Z');
const MINUTE = 60_000;

function aSpan(at: string, fields: Partial<StoredSpan> = {}): StoredSpan {
  return {
    ...{ start: new Date(at), webhookId: null, url: null, waiting: null, rows: 1 },
    ...{ delivered: 0, failed: 0, skipped: 0, attempts: {}, calls: 0, tookMs: 0 },
    durations: [],
    ...fields,
  };
}

function took(...durations: readonly number[]): readonly number[] {
  return Array.from(
    { length: DURATION_BUCKETS },
    (_, bucket) => durations.filter((ms) => durationBucket(ms) === bucket).length,
  );
}

describe('a range', () => {
  it.each([
    [1, 5 * MINUTE, 12],
    [6, 5 * MINUTE, 72],
    [24, 15 * MINUTE, 96],
    [MOST_HOURS, 120 * MINUTE, 84],
    [9_999, 120 * MINUTE, 84],
    [0, 5 * MINUTE, 12],
    [Number.NaN, 5 * MINUTE, 12],
  ])('of %d hours has steps of %d ms, %d of them, and ends with now', (hours, stepMs, points) => {
    const range = rangeOf(hours, now);
    expect(range).toMatchObject({ stepMs, points });
    const end = range.since.getTime() + points * stepMs;
    expect(end).toBeGreaterThan(now);
    expect(end - stepMs).toBeLessThanOrEqual(now);
    expect(range.since.getTime() % stepMs).toBe(0);
  });
});

describe('a series', () => {
  const range = rangeOf(24, now);

  it('has a point for each step, also where nothing happened', () => {
    const { points, total, outcomes, stepMs } = toSeries([], range);
    expect(points).toHaveLength(96);
    expect(points.at(-1)).toEqual({
      ...{ at: new Date('2026-01-31T10:00:00Z'), delivered: 0, failed: 0, skipped: 0 },
      ...{ attempts: 0, unsuccessful: 0, waiting: null, p50Ms: null, p95Ms: null },
    });
    expect(points[1]?.at.getTime()).toBe(range.since.getTime() + stepMs);
    expect(total).toMatchObject({ attempts: 0, p50Ms: null });
    expect(outcomes).toEqual([]);
  });

  it('adds up the spans of a step, of all processes', () => {
    const { points, total, outcomes } = toSeries(
      [
        aSpan('2026-01-31T10:05:00Z', {
          ...{ delivered: 3, attempts: { '2xx': 3, timeout: 1 }, durations: took(10, 10, 10) },
          ...{ waiting: 4 },
        }),
        aSpan('2026-01-31T10:00:00Z', {
          ...{ delivered: 1, skipped: 2, attempts: { '2xx': 1 }, durations: took(10_000) },
          ...{ waiting: 7 },
        }),
        aSpan('2026-01-31T10:00:00Z', { failed: 5, attempts: { '5xx': 5 }, waiting: 6 }),
        aSpan('2026-01-31T09:55:00Z', { delivered: 100, attempts: { '2xx': 100 } }),
      ],
      range,
    );
    const [before, last] = points.slice(-2);
    expect(last).toMatchObject({
      ...{ delivered: 4, failed: 5, skipped: 2, attempts: 10, unsuccessful: 6, waiting: 7 },
    });
    expect(Math.round(last?.p50Ms ?? 0)).toBeGreaterThanOrEqual(8);
    expect(Math.round(last?.p50Ms ?? 0)).toBeLessThanOrEqual(12);
    expect(last?.p95Ms).toBeGreaterThan(7_000);
    expect(before).toMatchObject({ delivered: 100, waiting: null });
    expect(total).toMatchObject({ delivered: 104, attempts: 110, unsuccessful: 6, waiting: 7 });
    expect(outcomes).toEqual([
      ['2xx', 104],
      ['5xx', 5],
      ['timeout', 1],
    ]);
  });
});
