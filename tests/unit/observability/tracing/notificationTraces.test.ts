import { describe, expect, it } from '@jest/globals';
import { SpanKind, SpanStatusCode } from '@opentelemetry/api';
import {
  AlwaysOffSampler,
  InMemorySpanExporter,
  type ReadableSpan,
  type Sampler,
  SimpleSpanProcessor,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import { createNotificationTraces } from '../../../../src/observability/tracing/notificationTraces.ts';
import type { TakenRetry } from '../../../../src/retries/takeUp.ts';
import { processRetry } from '../../../../src/retries/processRetry.ts';
import {
  aChange,
  aDocument,
  aLog,
  answered,
  aRetry,
  aSubject,
  aWebhook,
  unanswered,
} from '../../../support/builders.ts';
import { createFakeRoutes, createFakeSender } from '../../../support/fakePorts.ts';
import { claimUpTo } from '../../../support/someRetries.ts';
import { createWorld, type World, type WorldOptions } from '../../../support/world.ts';
import { handleIn } from '../../notify/processing.ts';

/** A world that is traced, and what it has traced. */
function createTraced(
  options: WorldOptions = {},
  { sampler, nowMs = () => Date.now() }: { sampler?: Sampler; nowMs?: () => number } = {},
) {
  const exporter = new InMemorySpanExporter();
  const provider = new TracerProvider({
    spanProcessors: [new SimpleSpanProcessor({ exporter })],
    ...(sampler && { sampler }),
  });
  const tracing = createNotificationTraces(provider.getTracer('test'), nowMs);
  const world = createWorld({ tracing, ...options });
  world.database.documents.set('sms-1', aDocument());
  return { world, spans: () => exporter.getFinishedSpans() };
}

const msOf = ([seconds, nanos]: readonly [number, number]): number => seconds * 1e3 + nanos / 1e6;
const named = (spans: readonly ReadableSpan[], name: string): readonly ReadableSpan[] =>
  spans.filter((span) => span.name === name);
const namesOf = (spans: readonly ReadableSpan[]): readonly string[] =>
  spans.map(({ name }) => name);

function expectOneTrace(spans: readonly ReadableSpan[]): ReadableSpan {
  const roots = spans.filter(({ parentSpanContext }) => parentSpanContext === undefined);
  expect(namesOf(roots)).toEqual(['notification']);
  const root = roots[0] as ReadableSpan;
  for (const span of spans) {
    expect(span.spanContext().traceId).toBe(root.spanContext().traceId);
    if (span === root) continue;
    expect(span.parentSpanContext?.spanId).toBe(root.spanContext().spanId);
    expect(msOf(span.startTime)).toBeGreaterThanOrEqual(msOf(root.startTime));
    expect(msOf(span.endTime)).toBeGreaterThanOrEqual(msOf(span.startTime));
    expect(msOf(root.endTime)).toBeGreaterThanOrEqual(msOf(span.endTime));
  }
  return root;
}

const sentTraceparents = ({ sender }: World): readonly unknown[] =>
  sender.sent.map(({ traceparent }) => traceparent);

function traceparentOf(span: ReadableSpan | undefined): string {
  const { traceId = '', spanId = '', traceFlags = 0 } = span?.spanContext() ?? {};
  return `00-${traceId}-${spanId}-0${traceFlags}`;
}

describe('the trace of a notification', () => {
  it('has its look-up, decision, call and record, in this order', async () => {
    const { world, spans } = createTraced();
    await handleIn(world, aChange());
    const root = expectOneTrace(spans());
    expect(namesOf(spans())).toEqual(['look-up', 'decision', 'POST', 'record', 'notification']);
    expect(root).toMatchObject({
      kind: SpanKind.CONSUMER,
      links: [],
      status: { code: SpanStatusCode.UNSET },
      attributes: {
        'notify_on_delivery.notification_id': 'sms-1:DELIVERED',
        'notify_on_delivery.delivery_status': 'DELIVERED',
        'notify_on_delivery.account_id': '28',
        'notify_on_delivery.flow_id': '200',
        'notify_on_delivery.webhook_id': '7',
        'notify_on_delivery.state': 'delivered',
      },
    });
    expect(root.attributes).not.toHaveProperty(['notify_on_delivery.reason']);
    const [call] = named(spans(), 'POST');
    const { url, displayUrl } = aWebhook();
    expect(call).toMatchObject({ kind: SpanKind.CLIENT, status: { code: SpanStatusCode.UNSET } });
    expect(call?.attributes).toEqual({
      'http.request.method': 'POST',
      'http.response.status_code': 200,
      'url.full': displayUrl,
      'server.address': url.hostname,
      'server.port': 443,
      'notify_on_delivery.attempt': 1,
    });
    expect(sentTraceparents(world)).toEqual([traceparentOf(call)]);
  });

  it('has a span for each quick retry, and says how each failed', async () => {
    const answers = [answered(503), unanswered('timeout'), answered(302), answered(200)];
    const sender = createFakeSender(() => answers.shift() ?? answered(200));
    const { world, spans } = createTraced({ sender, quickRetriesMs: [1, 1, 1] });
    await handleIn(world, aChange());
    expectOneTrace(spans());
    const calls = named(spans(), 'POST');
    expect(calls.map(({ status, attributes }) => [status.code, attributes['error.type']])).toEqual([
      [SpanStatusCode.ERROR, '503'],
      [SpanStatusCode.ERROR, 'timeout'],
      [SpanStatusCode.UNSET, undefined],
      [SpanStatusCode.UNSET, undefined],
    ]);
    expect(calls.map(({ attributes }) => attributes['http.request.resend_count'])).toEqual([
      ...[undefined, 1, 2, 3],
    ]);
    expect(sentTraceparents(world)).toEqual(calls.map(traceparentOf));
  });

  it('that ends without a call says why', async () => {
    const routes = createFakeRoutes(() => ({ kind: 'missing', reason: 'no_default_webhook' }));
    const { world, spans } = createTraced({ routes });
    await handleIn(world, aChange());
    const root = expectOneTrace(spans());
    expect(namesOf(spans())).toEqual(['look-up', 'decision', 'record', 'notification']);
    expect(root.attributes).toMatchObject({
      'notify_on_delivery.state': 'skipped',
      'notify_on_delivery.reason': 'no_default_webhook',
    });
  });

  it('that has failed is an error', async () => {
    const sender = createFakeSender(() => answered(500));
    const { world, spans } = createTraced({ sender });
    await handleIn(world, aChange());
    expect(expectOneTrace(spans()).status).toEqual({
      code: SpanStatusCode.ERROR,
      message: 'attempts_exhausted',
    });
  });

  it('is not there for a status that needs no notification', async () => {
    const { world, spans } = createTraced({
      routes: createFakeRoutes(() => ({ kind: 'notOptedIn' })),
    });
    await handleIn(world, aChange());
    world.database.documents.clear();
    await handleIn(world, aChange({ id: 'sms-2' }));
    expect(spans()).toEqual([]);
  });

  it('goes by the clock of the database, and never back', async () => {
    const offsets = [5_000_000, -5_000_000, 0];
    const nowMs = (): number => 1_700_000_000_000 + (offsets.shift() ?? 0);
    const { world, spans } = createTraced({}, { nowMs });
    await handleIn(world, aChange());
    const root = expectOneTrace(spans());
    expect(msOf(root.startTime)).toBeGreaterThanOrEqual(1_700_005_000_000 - 1);
    expect(msOf(root.endTime) - msOf(root.startTime)).toBeLessThan(60_000);
  });

  it('that is not sampled still names itself to the receiver', async () => {
    const { world, spans } = createTraced({}, { sampler: new AlwaysOffSampler() });
    await handleIn(world, aChange());
    expect(spans()).toEqual([]);
    expect(sentTraceparents(world)).toEqual([
      expect.stringMatching(/^00-[\da-f]{32}-[\da-f]{16}-00$/),
    ]);
  });
});

describe('the trace of a retry', () => {
  async function retryOnce(world: World): Promise<void> {
    const [claimed] = await claimUpTo(world.retries, 1);
    if (claimed === undefined) throw new Error('nothing is due');
    const more = { update: null, checkedAtMs: performance.now(), leave: () => undefined };
    const taken: TakenRetry = { ...claimed, ...more };
    const slot = { answered: () => undefined, release: () => undefined };
    await processRetry(taken, { endpointKey: aWebhook().endpointKey, slot }, world.ctx);
  }

  it('links to the one in which it was accepted', async () => {
    const answers = [answered(503)];
    const sender = createFakeSender(() => answers.shift() ?? answered(200));
    const { world, spans } = createTraced({ sender, retryScheduleMs: [0] });
    await handleIn(world, aChange());
    const first = expectOneTrace(spans());
    expect(first.attributes).toMatchObject({ 'notify_on_delivery.state': 'retrying' });
    await retryOnce(world);
    const later = spans().slice(5);
    const second = expectOneTrace(later);
    expect(namesOf(later)).toEqual(['decision', 'POST', 'record', 'notification']);
    expect(second.spanContext().traceId).not.toBe(first.spanContext().traceId);
    const { traceId, spanId } = first.spanContext();
    expect(second.links).toMatchObject([{ context: { traceId, spanId, isRemote: true } }]);
    expect(second.attributes).toMatchObject({
      'notify_on_delivery.account_id': '28',
      'notify_on_delivery.state': 'delivered',
    });
  });

  it.each([undefined, '', 'nonsense', `00-${'x'.repeat(32)}-${'1'.repeat(16)}-01`])(
    'of a row that says %p links to nothing',
    async (firstTrace) => {
      const { world, spans } = createTraced();
      const retry = aRetry({ subject: aSubject(), log: aLog(answered(503)) });
      await world.retries.schedule({ ...retry, firstTrace }, 0);
      await retryOnce(world);
      expect(expectOneTrace(spans()).links).toEqual([]);
    },
  );
});
