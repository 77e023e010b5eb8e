import { beforeAll, describe, expect, it } from '@jest/globals';
import { attemptErrors } from '../../src/domain/attempt.ts';
import { newSms } from '../../scripts/harness/smsPlatform.ts';
import type { WorkerProcess } from '../../scripts/harness/workerProcess.ts';
import { useEndToEnd } from '../support/endToEnd.ts';
import { readMetrics } from '../support/readMetrics.ts';
import { until } from '../support/until.ts';

const e2e = useEndToEnd(import.meta.url, { readsOplog: true });

async function insert(fields: object): Promise<string> {
  const document = newSms({ accountID: 28, flowId: 200, deliveryStatus: 'SENT', ...fields });
  await e2e().sms.insertOne(document);
  return document._id;
}

/** The series' value, once it satisfies the condition. */
async function figure(
  worker: WorkerProcess,
  series: string,
  condition: (value: number | undefined) => boolean,
): Promise<number | undefined> {
  const found = await until(`${series} is as expected`, async () => {
    const value = (await readMetrics(worker)).get(series);
    return condition(value) ? { value } : null;
  });
  return found.value;
}

const isThere = (value: number | undefined): boolean => value !== undefined;
const isOne = (value: number | undefined): boolean => value === 1;

beforeAll(async () => {
  const { central, receiver } = e2e();
  await central.optIn(28, 200, { url: receiver.url('/hook') });
  await central.optIn(29, 290, { url: receiver.url('/fails') });
  await central.optIn(30, 300, { url: receiver.url('/gone') });
  receiver.answer('/fails', { status: 503 });
  receiver.answer('/gone', { status: 410 });
});

/** What the first scrape must hold; each at 0 as nothing has happened. */
const zeroAtFirst = [
  'notifications_total{state="delivered",reason=""}',
  ...[
    'attempts_exhausted',
    'expired',
    'endpoint_gone',
    'endpoint_disabled',
    'aborted_by_receiver',
    'blocked_address',
    'invalid_webhook',
    'notification_withdrawn',
  ].map((reason) => `notifications_total{state="failed",reason="${reason}"}`),
  ...['no_default_webhook', 'flow_webhook_disabled', 'unusable_document', 'stale'].map(
    (reason) => `notifications_total{state="skipped",reason="${reason}"}`,
  ),
  ...['2xx', '3xx', '4xx', '5xx', ...attemptErrors].map(
    (outcome) => `attempts_total{outcome="${outcome}"}`,
  ),
  ...['not_opted_in', 'filtered_status', 'document_gone', 'duplicate'].map(
    (reason) => `not_notified_total{reason="${reason}"}`,
  ),
  ...['hit', 'miss', 'stale', 'error'].map((result) => `route_lookups_total{result="${result}"}`),
  'attempt_duration_seconds_count',
  'status_to_response_seconds_count',
  'in_flight',
  'breakers_open',
  'gaps_total',
  'retries_pending',
  'retries_blocked',
  'retries_oldest_overdue_seconds',
  'endpoints_disabled',
];

describe('/metrics', () => {
  it('has the whole of a ready worker, and counts what happens', async () => {
    const { worker, record, sms } = e2e();
    const active = await worker({ QUICK_RETRIES: '', RETRY_SCHEDULE: '10m' });
    await figure(active, 'lease_held{partition="0"}', isOne);
    await figure(active, 'retries_pending', isThere);
    await figure(active, 'endpoints_disabled', isThere);
    await figure(active, 'retries_oldest_overdue_seconds', isThere);
    await figure(active, 'oplog_headroom_seconds', isThere);
    const first = await readMetrics(active);
    const shown = Object.fromEntries(zeroAtFirst.map((series) => [series, first.get(series)]));
    expect(shown).toEqual(Object.fromEntries(zeroAtFirst.map((series) => [series, 0])));
    expect(first.get('stream_lag_seconds')).toBeGreaterThanOrEqual(0);
    expect(first.get('checkpoint_lag_seconds')).toBeGreaterThanOrEqual(0);

    await record(await insert({}), ({ state }) => state === 'delivered');
    await record(await insert({ flowId: 201 }), ({ state }) => state === 'skipped');
    await record(await insert({ accountID: 29, flowId: 290 }), ({ state }) => state === 'retrying');
    await record(await insert({ accountID: 30, flowId: 300 }), ({ state }) => state === 'failed');
    const elsewhere = await insert({ accountID: 31 });
    await figure(active, 'retries_pending', isOne);
    await figure(active, 'endpoints_disabled', isOne);
    await figure(active, 'not_notified_total{reason="not_opted_in"}', isOne);
    const then = await readMetrics(active);
    expect(then.get('notifications_total{state="delivered",reason=""}')).toBe(1);
    expect(then.get('notifications_total{state="failed",reason="endpoint_gone"}')).toBe(1);
    expect(then.get('notifications_total{state="skipped",reason="flow_webhook_disabled"}')).toBe(1);
    expect(then.get('attempts_total{outcome="2xx"}')).toBe(1);
    expect(then.get('attempts_total{outcome="4xx"}')).toBe(1);
    expect(then.get('attempts_total{outcome="5xx"}')).toBe(1);
    expect(then.get('attempt_duration_seconds_count')).toBe(3);
    expect(then.get('status_to_response_seconds_count')).toBe(1);
    expect(then.get('retries_oldest_overdue_seconds')).toBe(0);
    expect(await sms.findOne({ _id: elsewhere })).not.toHaveProperty('notify_on_delivery');
  });

  it('has no lag of the stream on a worker without the lease, and the lag of what is saved', async () => {
    const { worker } = e2e();
    // Longer than a busy machine may keep a worker from renewing it.
    const settings = { LEASE_TTL: '10s' };
    const first = await worker(settings);
    await first.line('stream_opened');
    const second = await worker(settings);
    await second.line('standby');
    await figure(second, 'retries_pending', isThere);
    await figure(second, 'checkpoint_lag_seconds', isThere);
    const standing = await readMetrics(second);
    expect(standing.get('lease_held{partition="0"}')).toBe(0);
    expect(standing.has('stream_lag_seconds')).toBe(false);

    // The first one has the lease no more, and saves no checkpoint.
    await first.signal('SIGSTOP');
    await second.line('stream_opened');
    await first.signal('SIGCONT');
    await first.line('standby');
    await figure(first, 'stream_lag_seconds', (value) => value === undefined);
    const checkpointAtMs = async (): Promise<number> =>
      Date.now() - 1_000 * ((await readMetrics(first)).get('checkpoint_lag_seconds') ?? Infinity);
    const before = await checkpointAtMs();
    // An idle worker saves every ten seconds, and another one looks every five.
    const hasMoved = async (): Promise<boolean> => (await checkpointAtMs()) > before + 5_000;
    await until('it sees another save', hasMoved, { timeoutMs: 45_000 });
    await figure(second, 'stream_lag_seconds', isThere);
  }, 120_000);
});

describe('REMEMBER', () => {
  it('that is shorter than the oplog is doubted at the start, and no reason not to start', async () => {
    const active = await e2e().worker({
      REMEMBER: '2s',
      MAX_STATUS_AGE: '1s',
      GIVE_UP_AFTER: '1s',
      SWEEP_MARGIN: '1s',
      RETRY_AFTER_MAX: '1s',
      RETRY_SCHEDULE: '',
    });
    await until('the oplog is named', () =>
      active.lines.find(
        ({ event, level, warning }) =>
          event === 'setting_warning' && level === 'warn' && /oplog/.test(String(warning)),
      ),
    );
    const said = active.lines.filter(({ event }) => event === 'setting_warning');
    expect(said).toHaveLength(1);
  });
});
