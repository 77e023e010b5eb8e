import { beforeAll, describe, expect, it } from '@jest/globals';
import type { CollectedSpan } from '../../scripts/services/collector/readSpans.ts';
import type { WorkerProcess } from '../../scripts/harness/workerProcess.ts';
import { useEndToEnd } from '../support/endToEnd.ts';
import { marksIn } from '../support/marked.ts';
import {
  deliverTo,
  metricOf,
  newAccount,
  otlpToken,
  traceparentsTo,
  tracingTo,
} from '../support/traced.ts';
import { until } from '../support/until.ts';
import { useCollector } from '../support/useCollector.ts';

const e2e = useEndToEnd(import.meta.url);
const collector = useCollector();

/** The spans of all traces of a notification, oldest trace first, once there are so many traces. */
async function tracesOf(id: string, count = 1): Promise<readonly (readonly CollectedSpan[])[]> {
  const name = 'notify_on_delivery.notification_id';
  return await until(`${count} traces of ${id} have arrived`, async () => {
    const spans = await collector().spans();
    const roots = spans.filter(({ attributes }) => String(attributes[name]).startsWith(`${id}:`));
    if (roots.length < count) return null;
    return roots
      .toSorted((one, other) => one.startMs - other.startMs)
      .map(({ traceId }) => spans.filter((span) => span.traceId === traceId));
  });
}

const byStart = (spans: readonly CollectedSpan[]): readonly CollectedSpan[] =>
  spans.toSorted((one, other) => one.startMs - other.startMs);

function rootOf(spans: readonly CollectedSpan[] = []): CollectedSpan {
  const [root, ...others] = spans.filter(({ parentSpanId }) => parentSpanId === '');
  expect(others).toEqual([]);
  for (const span of spans) {
    expect(span.parentSpanId).toBe(span === root ? '' : root?.spanId);
    expect(span.startMs).toBeGreaterThanOrEqual(root?.startMs ?? 0);
    expect(span.endMs).toBeLessThanOrEqual(root?.endMs ?? 0);
  }
  return root as CollectedSpan;
}

const callsIn = (spans: readonly CollectedSpan[] = []): readonly CollectedSpan[] =>
  byStart(spans).filter(({ name }) => name === 'POST');

const sentBy = ({ traceId, spanId }: CollectedSpan): string => `00-${traceId}-${spanId}-01`;

describe.each(['0', '2'])('with %s threads that make the calls, a notification', (threads) => {
  let worker: WorkerProcess;
  beforeAll(async () => {
    worker = await e2e().worker({
      ...tracingTo(collector()),
      HTTP_THREADS: threads,
      QUICK_RETRIES: '100ms',
      RETRY_SCHEDULE: '1s,1s',
      LOG_LEVEL: 'debug',
    });
  });

  it('is one trace of which the receiver gets to know the call', async () => {
    const account = await newAccount(e2e(), {
      traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-00`,
    });
    const id = await deliverTo(e2e(), account);
    const [trace] = await tracesOf(id);
    const root = rootOf(trace);
    expect(byStart(trace ?? []).map(({ name }) => name)).toEqual([
      ...['notification', 'look-up', 'decision', 'POST', 'record'],
    ]);
    const [call] = callsIn(trace);
    expect(traceparentsTo(e2e(), account)).toEqual([call === undefined ? '' : sentBy(call)]);
    expect(call).toMatchObject({ kind: 3, status: 0 });
    expect(call?.attributes).toEqual({
      'http.request.method': 'POST',
      'http.response.status_code': 200,
      'url.full': e2e().receiver.url(account.path),
      'server.address': '127.0.0.1',
      'server.port': e2e().receiver.port,
      'notify_on_delivery.attempt': 1,
    });
    expect(root).toMatchObject({
      kind: 5,
      links: [],
      attributes: { 'notify_on_delivery.account_id': String(account.accountID) },
      resource: {
        'service.name': 'notify-on-delivery',
        'deployment.environment.name': 'test',
        'telemetry.sdk.language': 'nodejs',
      },
    });
    expect(Math.abs(root.startMs - Date.now())).toBeLessThan(60_000);
  });

  it('has a span for each quick retry, and a linked trace for each later one', async () => {
    const account = await newAccount(e2e());
    const answers = [{ status: 500 }, { status: 503 }, { status: 404 }, { status: 200 }];
    e2e().receiver.answer(account.path, answers);
    const id = await deliverTo(e2e(), account);
    const traces = await tracesOf(id, 3);
    const [first, ...later] = traces.map((trace) => rootOf(trace));
    for (const root of later) {
      expect(root.links).toEqual([{ traceId: first?.traceId, spanId: first?.spanId }]);
    }
    expect(traces.map((trace) => callsIn(trace).map(({ status }) => status))).toEqual([
      [2, 2],
      [2],
      [0],
    ]);
    expect(traceparentsTo(e2e(), account)).toEqual(
      traces.flatMap((trace) => callsIn(trace).map(sentBy)),
    );
    const calls = traces.flatMap((trace) => callsIn(trace));
    expect(calls.map(({ attributes }) => attributes['notify_on_delivery.attempt'])).toEqual([
      ...[1, 2, 3, 4],
    ]);
  });

  it('that nobody wants has no trace, and one that is skipped has no call', async () => {
    const account = await newAccount(e2e());
    await e2e().central.setFlow(account.flowId, account.accountID, false);
    const unwanted = await deliverTo(e2e(), { ...account, accountID: 1, flowId: 1 });
    const [trace] = await tracesOf(await deliverTo(e2e(), account));
    expect(callsIn(trace)).toEqual([]);
    expect(rootOf(trace).attributes).toMatchObject({
      'notify_on_delivery.state': 'skipped',
      'notify_on_delivery.reason': 'flow_webhook_disabled',
    });
    expect(await collector().text()).not.toContain(unwanted);
  });

  it('tells the collector no secret, and the log not how to reach it', async () => {
    expect(await metricOf(worker, 'trace_spans_exported_total')).toBeGreaterThan(0);
    const text = await collector().text();
    const [authorization, ...others] = new Set(
      text
        .trimEnd()
        .split('\n')
        .map((line) => (JSON.parse(line) as { authorization: string[] }).authorization[0]),
    );
    expect([authorization, others]).toEqual([`Bearer ${otlpToken}`, []]);
    const traces = text.replaceAll(`"authorization":["Bearer ${otlpToken}"]`, '');
    expect(traces).not.toContain('MARKED');
    expect(marksIn(traces)).toEqual([]);
    expect(worker.output()).toContain('"OTEL_EXPORTER_OTLP_HEADERS":"set"');
    expect(worker.output()).not.toContain(otlpToken);
    expect(marksIn(worker.output())).toEqual([]);
    await worker.stop();
  });
});
