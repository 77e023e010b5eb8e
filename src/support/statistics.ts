import { SPAN_MS } from '../domain/countedSpan.ts';
import { DURATION_BUCKETS, durationQuantile } from '../domain/durations.ts';
import type { IntegerId } from '../domain/ids.ts';
import {
  findAllSpans,
  findSlowest,
  findSpansOfAccount,
  type CalledEndpoint as SlowEndpoint,
  type StoredSpan,
} from '../mongo/endpointStats.ts';
import { askSeldom } from './askSeldom.ts';
import type { Session } from './session.ts';

export type { SlowEndpoint };

/** What happened from then on for as long as the series' points are apart. */
export interface StatisticsPoint {
  readonly at: Date;
  /** Notifications that ended. */
  readonly delivered: number;
  readonly failed: number;
  readonly skipped: number;
  readonly attempts: number;
  /** Attempts whose answer was no 2xx. */
  readonly unsuccessful: number;
  /** The most that waited for an attempt; null where nothing was counted, and for single endpoints. */
  readonly waiting: number | null;
  /** Half of the calls, and 95 of 100, took no longer; null where there were none. */
  readonly p50Ms: number | null;
  readonly p95Ms: number | null;
}

export interface StatisticsSeries {
  readonly hours: number;
  /** How far the points are apart. */
  readonly stepMs: number;
  /** Without gaps, the oldest first. */
  readonly points: readonly StatisticsPoint[];
  /** Over all points. */
  readonly total: Omit<StatisticsPoint, 'at'>;
  /** Attempts by what they came to, the most frequent first. */
  readonly outcomes: readonly (readonly [outcome: string, attempts: number])[];
}

/** One endpoint's, or, without a webhook, what ended before it was known where it leads. */
export interface EndpointStatistics {
  readonly webhookId: IntegerId | null;
  readonly url: string | null;
  readonly series: StatisticsSeries;
}

export interface AccountStatistics {
  /** Those with most attempts first. */
  readonly endpoints: readonly EndpointStatistics[];
  /** There are more rows than are read: the oldest hours are incomplete. */
  readonly isIncomplete: boolean;
}

/** As long as rows are kept. */
export const MOST_HOURS = 7 * 24;

/** Seven days of ten workers. */
const MOST_ROWS = 20_000;
/** As many as a plot of 700 pixels can show. */
const MOST_POINTS = 96;
const steps = [1, 3, 6, 12, 24].map((spans) => spans * SPAN_MS);

const SLOW_SINCE_MS = 1_800_000;
/** One slow call says nothing. */
const SLOW_CALLS = 10;
const SLOW_MS = 1_000;
const SLOW_SHOWN = 20;

/** The newest rows are as old. */
const FRESH_MS = 10_000;
/** It goes through all rows of that time. */
const SLOW_FRESH_MS = 30_000;

/** What happened in all in the last hours. */
export const readStatistics = askSeldom(
  FRESH_MS,
  async ({ mongo }, hours: number): Promise<StatisticsSeries> => {
    const { state } = await mongo();
    const range = rangeOf(hours, Date.now());

    const spans = await findAllSpans(state.endpointStats, { ...range, limit: MOST_ROWS });
    return toSeries(spans, range);
  },
);

/** What happened at each endpoint of an account in the last hours. */
export async function readAccountStatistics(
  { mongo }: Session,
  accountId: IntegerId,
  hours: number,
): Promise<AccountStatistics> {
  const { state } = await mongo();
  const range = rangeOf(hours, Date.now());
  const query = { ...range, limit: MOST_ROWS };
  const spans = await findSpansOfAccount(state.endpointStats, accountId, query);
  const byEndpoint = Map.groupBy(spans, ({ webhookId, url }) => JSON.stringify([webhookId, url]));
  const endpoints = [...byEndpoint.values()].map((own): EndpointStatistics => {
    const { webhookId = null, url = null } = own[0] ?? {};
    return { webhookId, url, series: toSeries(own, range) };
  });
  return {
    endpoints: endpoints.toSorted((a, b) => b.series.total.attempts - a.series.total.attempts),
    isIncomplete: spans.reduce((sum, { rows }) => sum + rows, 0) === MOST_ROWS,
  };
}

/** The endpoints that took longer than a second on average in the last half hour, the slowest first. */
export const readSlowEndpoints = askSeldom(
  SLOW_FRESH_MS,
  async ({ mongo }): Promise<readonly SlowEndpoint[]> => {
    const { state } = await mongo();
    const since = new Date(Date.now() - SLOW_SINCE_MS);
    const query = { since, calls: SLOW_CALLS, limit: SLOW_SHOWN };
    const slowest = await findSlowest(state.endpointStats, query);
    return slowest.filter(({ meanMs }) => meanMs >= SLOW_MS);
  },
);

interface Range {
  readonly hours: number;
  readonly stepMs: number;
  readonly since: Date;
  readonly points: number;
}

/** Ends with the step that `nowMs` is in. */
export function rangeOf(hours: number, nowMs: number): Range {
  const within = Math.min(MOST_HOURS, Math.max(1, Number.isFinite(hours) ? hours : 1));
  const lengthMs = within * 3_600_000;
  const stepMs = steps.find((step) => lengthMs / step <= MOST_POINTS) ?? SPAN_MS;
  const points = Math.ceil(lengthMs / stepMs);
  const last = nowMs - (nowMs % stepMs);
  return { hours: within, stepMs, points, since: new Date(last - (points - 1) * stepMs) };
}

/** What all spans of a range come to. */
export function toSeries(
  spans: readonly StoredSpan[],
  { hours, stepMs, since, points }: Range,
): StatisticsSeries {
  const byPoint = Map.groupBy(spans, ({ start }) =>
    Math.floor((start.getTime() - since.getTime()) / stepMs),
  );
  return {
    hours,
    stepMs,
    points: Array.from({ length: points }, (_, index) => ({
      at: new Date(since.getTime() + index * stepMs),
      ...sumOf(byPoint.get(index) ?? []),
    })),
    total: sumOf(spans),
    outcomes: outcomesIn(spans),
  };
}

function sumOf(spans: readonly StoredSpan[]): Omit<StatisticsPoint, 'at'> {
  const sum = (figure: (span: StoredSpan) => number): number =>
    spans.reduce((total, span) => total + figure(span), 0);
  const attemptsOf = ({ attempts }: StoredSpan): number =>
    Object.values(attempts).reduce((total, count) => total + count, 0);
  const durations = Array.from({ length: DURATION_BUCKETS }, (_, bucket) =>
    sum((span) => span.durations[bucket] ?? 0),
  );
  const attempts = sum(attemptsOf);
  // Each worker has counted all that waited.
  const waiting = spans.flatMap((span) => span.waiting ?? []);
  return {
    delivered: sum(({ delivered }) => delivered),
    failed: sum(({ failed }) => failed),
    skipped: sum(({ skipped }) => skipped),
    attempts,
    unsuccessful: attempts - sum((span) => span.attempts['2xx'] ?? 0),
    waiting: waiting.length === 0 ? null : Math.max(...waiting),
    p50Ms: durationQuantile(durations, 0.5),
    p95Ms: durationQuantile(durations, 0.95),
  };
}

function outcomesIn(spans: readonly StoredSpan[]): StatisticsSeries['outcomes'] {
  const counts = new Map<string, number>();
  for (const { attempts } of spans) {
    for (const [outcome, count] of Object.entries(attempts)) {
      counts.set(outcome, (counts.get(outcome) ?? 0) + count);
    }
  }
  return [...counts].filter(([, count]) => count > 0).toSorted(([, a], [, b]) => b - a);
}
