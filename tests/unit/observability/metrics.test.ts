import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { attemptErrors, type AttemptOutcome } from '../../../src/domain/attempt.ts';
import { createMetrics, type PrometheusMetrics } from '../../../src/observability/metrics.ts';
import { answered, unanswered } from '../../support/builders.ts';

/** The value of one series, written as it is in the exposition, without our prefix. */
async function valueOf(metrics: PrometheusMetrics, series: string): Promise<number | undefined> {
  const start = `notify_on_delivery_${series} `;
  const line = (await metrics.text()).split('\n').find((text) => text.startsWith(start));
  return line === undefined ? undefined : Number(line.slice(start.length));
}

describe('the series whose labels are known', () => {
  it.each([
    'notifications_total{state="delivered",reason=""}',
    'notifications_total{state="failed",reason="attempts_exhausted"}',
    'notifications_total{state="failed",reason="expired"}',
    'notifications_total{state="failed",reason="endpoint_gone"}',
    'notifications_total{state="failed",reason="endpoint_disabled"}',
    'notifications_total{state="failed",reason="aborted_by_receiver"}',
    'notifications_total{state="failed",reason="blocked_address"}',
    'notifications_total{state="failed",reason="invalid_webhook"}',
    'notifications_total{state="failed",reason="notification_withdrawn"}',
    'notifications_total{state="skipped",reason="no_default_webhook"}',
    'notifications_total{state="skipped",reason="flow_webhook_disabled"}',
    'notifications_total{state="skipped",reason="unusable_document"}',
    'notifications_total{state="skipped",reason="stale"}',
    'not_notified_total{reason="not_opted_in"}',
    'not_notified_total{reason="filtered_status"}',
    'not_notified_total{reason="document_gone"}',
    'not_notified_total{reason="duplicate"}',
    'attempts_total{outcome="2xx"}',
    'attempts_total{outcome="3xx"}',
    'attempts_total{outcome="4xx"}',
    'attempts_total{outcome="5xx"}',
    ...attemptErrors.map((error) => `attempts_total{outcome="${error}"}`),
    'route_lookups_total{result="hit"}',
    'route_lookups_total{result="miss"}',
    'route_lookups_total{result="stale"}',
    'route_lookups_total{result="error"}',
    'attempt_duration_seconds_count',
    'status_to_response_seconds_count',
    'in_flight',
    'breakers_open',
    'gaps_total',
    'lease_held{partition="0"}',
  ])('%s is there from the start, at zero', async (series) => {
    expect(await valueOf(createMetrics(), series)).toBe(0);
  });

  it('are just those: nobody knows yet what is to be read', async () => {
    const series = (await createMetrics().text()).split('\n').filter((line) => /^[^#]/.test(line));
    const names = new Set(series.map((line) => /^[a-z_]+/.exec(line)?.[0]));
    for (const name of unknownAtFirst) expect(names).not.toContain(`notify_on_delivery_${name}`);
    const attempts = series.filter((line) => line.includes('attempts_total'));
    expect(attempts).toHaveLength(4 + attemptErrors.length);
    const ends = series.filter((line) => line.includes('notifications_total'));
    expect(ends).toHaveLength(1 + 8 + 4);
  });
});

const unknownAtFirst = [
  'retries_pending',
  'retries_blocked',
  'retries_oldest_overdue_seconds',
  'endpoints_disabled',
  'stream_lag_seconds',
  'checkpoint_lag_seconds',
  'oplog_headroom_seconds',
  'stream_reopened_total',
  'record_failures_total',
];

describe('what is counted', () => {
  it.each<[string, (metrics: PrometheusMetrics) => void]>([
    [
      'notifications_total{state="failed",reason="invalid_webhook"}',
      (metrics) => metrics.notificationEnded('failed', 'invalid_webhook'),
    ],
    ['not_notified_total{reason="duplicate"}', (metrics) => metrics.notNotified('duplicate')],
    ['gaps_total', (metrics) => metrics.gapFound()],
    ['stream_reopened_total{cause="280"}', (metrics) => metrics.streamReopened('280')],
    ['record_failures_total{code="121"}', (metrics) => metrics.recordFailed('121')],
    ['route_lookups_total{result="stale"}', (metrics) => metrics.routeLookup('stale')],
  ])('%s', async (series, tell) => {
    const metrics = createMetrics();
    tell(metrics);
    tell(metrics);
    expect(await valueOf(metrics, series)).toBe(2);
  });

  it.each<[string, AttemptOutcome]>([
    ['2xx', answered(200)],
    ['2xx', answered(299, { error: 'response_aborted' })],
    ['3xx', answered(302)],
    ['4xx', answered(410)],
    ['5xx', answered(503)],
    ['connection_refused', unanswered('connection_refused')],
    ['response_invalid', answered(101, { error: 'response_invalid' })],
    ['5xx', answered(99)],
    ['5xx', answered(600)],
  ])('an attempt as %s', async (outcome, attempt) => {
    const metrics = createMetrics();
    metrics.attempted(attempt);
    expect(await valueOf(metrics, `attempts_total{outcome="${outcome}"}`)).toBe(1);
    expect(await valueOf(metrics, 'attempt_duration_seconds_count')).toBe(1);
  });

  it('durations in seconds', async () => {
    const metrics = createMetrics();
    metrics.attempted(answered(200, { durationMs: 250 }));
    metrics.delivered(3);
    expect(await valueOf(metrics, 'attempt_duration_seconds_sum')).toBe(0.25);
    expect(await valueOf(metrics, 'attempt_duration_seconds_bucket{le="0.1"}')).toBe(0);
    expect(await valueOf(metrics, 'attempt_duration_seconds_bucket{le="0.25"}')).toBe(1);
    expect(await valueOf(metrics, 'status_to_response_seconds_sum')).toBe(3);
  });

  it('no time before the status, when two clocks differ', async () => {
    const metrics = createMetrics();
    metrics.delivered(-2);
    expect(await valueOf(metrics, 'status_to_response_seconds_sum')).toBe(0);
    expect(await valueOf(metrics, 'status_to_response_seconds_count')).toBe(1);
  });

  it('how many breakers are open', async () => {
    const metrics = createMetrics();
    metrics.breakersOpen(2);
    expect(await valueOf(metrics, 'breakers_open')).toBe(2);
  });

  it('what is in flight now', async () => {
    const metrics = createMetrics();
    metrics.inFlight(3);
    metrics.inFlight(1);
    expect(await valueOf(metrics, 'in_flight')).toBe(1);
  });
});

describe('the lease', () => {
  it('is held or not', async () => {
    const metrics = createMetrics();
    metrics.leaseHeld('0', true);
    expect(await valueOf(metrics, 'lease_held{partition="0"}')).toBe(1);
    metrics.leaseHeld('0', false);
    expect(await valueOf(metrics, 'lease_held{partition="0"}')).toBe(0);
  });
});

describe('the lags', () => {
  const now = Date.parse('2023-10-19T06:00:00.000Z');
  const ago = (seconds: number): Date => new Date(now - seconds * 1_000);
  let metrics: PrometheusMetrics;

  beforeEach(() => {
    jest.useFakeTimers({ now });
    metrics = createMetrics();
    metrics.leaseHeld('0', true);
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  it("of the stream is the age of the last event, by the server's clock", async () => {
    metrics.streamRead({ empty: false, wallTime: ago(90) });
    expect(await valueOf(metrics, 'stream_lag_seconds')).toBe(90);
  });

  it('of the stream is none when a read brought nothing, however old its position', async () => {
    metrics.streamRead({ empty: false, wallTime: ago(90) });
    metrics.streamRead({ empty: true, wallTime: ago(60) });
    expect(await valueOf(metrics, 'stream_lag_seconds')).toBe(0);
  });

  it('of the stream grows while nothing is read, and by no older event', async () => {
    metrics.streamRead({ empty: true, wallTime: ago(0) });
    jest.setSystemTime(now + 30_000);
    metrics.streamRead({ empty: false, wallTime: ago(90) });
    expect(await valueOf(metrics, 'stream_lag_seconds')).toBe(30);
  });

  it('of the checkpoint is the age of its position', async () => {
    metrics.checkpointAt('0', ago(12));
    expect(await valueOf(metrics, 'checkpoint_lag_seconds')).toBe(12);
    jest.setSystemTime(now + 5_000);
    expect(await valueOf(metrics, 'checkpoint_lag_seconds')).toBe(17);
    metrics.checkpointAt('0', ago(0));
    expect(await valueOf(metrics, 'checkpoint_lag_seconds')).toBe(5);
  });

  it("is not negative when the server's clock is ahead of ours", async () => {
    metrics.streamRead({ empty: false, wallTime: ago(-3) });
    metrics.checkpointAt('0', ago(-3));
    expect(await valueOf(metrics, 'stream_lag_seconds')).toBe(0);
    expect(await valueOf(metrics, 'checkpoint_lag_seconds')).toBe(0);
  });
});

describe('the lags of a worker that has lost the lease', () => {
  const now = Date.parse('2023-10-19T06:00:00.000Z');
  let metrics: PrometheusMetrics;
  beforeEach(() => {
    jest.useFakeTimers({ now });
    metrics = createMetrics();
    metrics.leaseHeld('0', true);
    metrics.streamRead({ empty: true, wallTime: new Date(now) });
    metrics.checkpointAt('0', new Date(now));
    metrics.leaseHeld('0', false);
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  it('are not reported the stream, which it reads no more', async () => {
    expect(await valueOf(metrics, 'stream_lag_seconds')).toBeUndefined();
    metrics.streamRead({ empty: false, wallTime: new Date(now) });
    expect(await valueOf(metrics, 'stream_lag_seconds')).toBeUndefined();
  });

  it('begin anew with the next term', async () => {
    jest.setSystemTime(now + 60_000);
    metrics.leaseHeld('0', true);
    expect(await valueOf(metrics, 'stream_lag_seconds')).toBeUndefined();
    metrics.streamRead({ empty: false, wallTime: new Date(now + 50_000) });
    expect(await valueOf(metrics, 'stream_lag_seconds')).toBe(10);
  });

  it('of the checkpoint follow the one that another worker saves', async () => {
    jest.setSystemTime(now + 60_000);
    expect(await valueOf(metrics, 'checkpoint_lag_seconds')).toBe(60);
    metrics.stateRead({ checkpointAt: new Date(now + 58_000) });
    expect(await valueOf(metrics, 'checkpoint_lag_seconds')).toBe(2);
  });

  it('of the checkpoint are its own again in the next term, whatever was read before', async () => {
    jest.setSystemTime(now + 60_000);
    metrics.leaseHeld('0', true);
    metrics.checkpointAt('0', new Date(now + 59_000));
    metrics.stateRead({ checkpointAt: new Date(now) });
    expect(await valueOf(metrics, 'checkpoint_lag_seconds')).toBe(1);
  });
});

describe('what is read of the state', () => {
  it('is shown as it was last read', async () => {
    const metrics = createMetrics();
    metrics.stateRead({ retriesPending: 7, oldestOverdueSeconds: 1.5, endpointsDisabled: 2 });
    metrics.stateRead({ retriesPending: 8 });
    expect(await valueOf(metrics, 'retries_pending')).toBe(8);
    expect(await valueOf(metrics, 'retries_oldest_overdue_seconds')).toBe(1.5);
    expect(await valueOf(metrics, 'endpoints_disabled')).toBe(2);
  });

  it.each([
    ['the checkpoint is not known', { oldestOplogEntryAt: new Date(0) }],
    ['the oplog is not known', { checkpointAt: new Date(0) }],
    ['the oplog may not be read', { checkpointAt: new Date(0), oldestOplogEntryAt: null }],
  ])('has no headroom while %s', async (_, figures) => {
    const metrics = createMetrics();
    metrics.stateRead(figures);
    expect(await valueOf(metrics, 'oplog_headroom_seconds')).toBeUndefined();
  });

  it('has the headroom from the oldest entry to the checkpoint, below 0 once it is lost', async () => {
    const metrics = createMetrics();
    metrics.stateRead({ checkpointAt: new Date(90_500), oldestOplogEntryAt: new Date(30_000) });
    expect(await valueOf(metrics, 'oplog_headroom_seconds')).toBe(60.5);
    metrics.leaseHeld('0', true);
    metrics.checkpointAt('0', new Date(20_000));
    expect(await valueOf(metrics, 'oplog_headroom_seconds')).toBe(-10);
  });
});

describe('the exposition', () => {
  it('says what it is', () => {
    expect(createMetrics().contentType).toMatch(/^text\/plain; version=/);
  });

  it('has only names with our prefix, and only labels that name no customer', async () => {
    const metrics = createMetrics();
    metrics.streamReopened('280');
    metrics.recordFailed('121');
    const series = (await metrics.text()).split('\n').filter((line) => /^[^#]/.test(line));
    expect(series.length).toBeGreaterThan(40);
    const names = new Set<string>();
    for (const line of series) {
      expect(line).toMatch(/^notify_on_delivery_/);
      for (const [, name = ''] of line.matchAll(/[{,]([a-z]+)="/g)) names.add(name);
    }
    const known =
      'cause code collection kind le node outcome partition reason result state version';
    expect([...names].sort().join(' ')).toBe(known);
  });

  it('of one worker knows nothing of another in the same process', async () => {
    const metrics = createMetrics();
    createMetrics().inFlight(5);
    expect(await valueOf(metrics, 'in_flight')).toBe(0);
  });
});
