import { describe, expect, it } from '@jest/globals';
import { newSms } from '../../scripts/harness/smsPlatform.ts';
import { startCollector } from '../../scripts/services/collector/startCollector.ts';
import { useEndToEnd } from '../support/endToEnd.ts';
import { readMetrics } from '../support/readMetrics.ts';
import { settled } from '../support/settled.ts';
import {
  deliverTo,
  metricOf,
  newAccount,
  type TracedAccount,
  traceparentsTo,
  tracingTo,
} from '../support/traced.ts';
import { until } from '../support/until.ts';
import { useCollector } from '../support/useCollector.ts';

const e2e = useEndToEnd(import.meta.url);
const collector = useCollector();

describe('a worker', () => {
  it('that samples nothing sends nothing, but names the trace to the receiver', async () => {
    const worker = await e2e().worker({
      ...tracingTo(collector()),
      OTEL_TRACES_SAMPLER: 'always_off',
    });
    const account = await newAccount(e2e());
    const id = await deliverTo(e2e(), account);
    await e2e().record(id);
    expect(traceparentsTo(e2e(), account)).toEqual([
      expect.stringMatching(/^00-[\da-f]{32}-[\da-f]{16}-00$/),
    ]);
    await worker.stop();
    expect(await collector().text()).not.toContain(id);
  });

  it('without a collector sends no header of its own', async () => {
    const worker = await e2e().worker();
    const traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-00`;
    const [plain, own] = [await newAccount(e2e()), await newAccount(e2e(), { traceparent })];
    for (const account of [plain, own]) await e2e().record(await deliverTo(e2e(), account));
    expect(traceparentsTo(e2e(), plain)).toEqual([undefined]);
    expect(traceparentsTo(e2e(), own)).toEqual([traceparent]);
    expect([...(await readMetrics(worker)).keys()].join()).not.toContain('trace_spans');
  });

  it('whose collector was never there notifies as if it were', async () => {
    const worker = await e2e().worker({
      ...tracingTo({ endpoint: 'http://127.0.0.1:9' }),
    });
    const account = await newAccount(e2e());
    await e2e().record(await deliverTo(e2e(), account), ({ state }) => state === 'delivered');
    const { reason } = await worker.line('traces_dropped');
    expect(String(reason)).toContain('ECONNREFUSED');
    const dropped = 'trace_spans_dropped_total{cause="export_failed"}';
    expect(await metricOf(worker, dropped)).toBeGreaterThan(0);
    expect(await worker.stop()).toMatchObject({ code: 0 });
  });
});

/** More spans than the queue holds. */
const MANY = 1_300;

describe('a collector that', () => {
  async function notifyMany(account: TracedAccount): Promise<void> {
    const documents = Array.from({ length: MANY }, () =>
      newSms({ accountID: account.accountID, flowId: account.flowId, deliveryStatus: 'DELIVERED' }),
    );
    await e2e().sms.insertMany(documents);
    await until(
      'all are delivered',
      async () => {
        const { path } = account;
        return (
          new Set(
            e2e()
              .receiver.requests(path)
              .map(({ headers }) => headers['webhook-id']),
          ).size >= MANY
        );
      },
      { timeoutMs: 90_000 },
    );
    await settled(e2e());
  }

  it('is frozen holds nothing up, and costs no more memory than the queue', async () => {
    const own = await startCollector();
    await using _closing = { [Symbol.asyncDispose]: async () => await own.close() };
    const worker = await e2e().worker({
      ...tracingTo(own),
      MAX_IN_FLIGHT_PER_ENDPOINT: '256',
      // Longer than the notifications take: what is dropped meanwhile is dropped for want of room.
      OTEL_EXPORTER_OTLP_TIMEOUT: '60000',
    });
    await own.pause();
    const account = await newAccount(e2e());
    await notifyMany(account);
    const full = await metricOf(worker, 'trace_spans_dropped_total{cause="queue_full"}');
    expect(full).toBeGreaterThan(0);
    const said = worker.lines.filter(({ event }) => event === 'traces_dropped');
    expect(said.length).toBeGreaterThan(0);
    // One a minute, whatever was dropped.
    expect(said.length).toBeLessThanOrEqual(3);
    const heap = await metricOf(worker, 'nodejs_heap_size_used_bytes');
    const external = await metricOf(worker, 'nodejs_external_memory_bytes');
    console.log(
      `${full} spans dropped; heap ${heap / 2 ** 20} MB, external ${external / 2 ** 20} MB`,
    );
    own.resume();
    const exported = 'trace_spans_exported_total';
    await until('spans are sent again', async () => (await metricOf(worker, exported)) > 0, {
      timeoutMs: 60_000,
    });
    await own.pause();
    await e2e().record(await deliverTo(e2e(), account));
    expect(await worker.stop()).toMatchObject({ code: 0 });
    own.resume();
  });

  it('is killed holds nothing up, and gets spans again once it is back', async () => {
    const own = await startCollector();
    await using _closing = { [Symbol.asyncDispose]: async () => await own.close() };
    const worker = await e2e().worker(tracingTo(own));
    const account = await newAccount(e2e());
    const before = await deliverTo(e2e(), account);
    await until('it is there', async () => (await own.text()).includes(before));
    await own.kill();
    await e2e().record(await deliverTo(e2e(), account), ({ state }) => state === 'delivered');
    await worker.line('traces_dropped');
    await own.start();
    await until(
      'it gets spans again',
      async () => {
        const id = await deliverTo(e2e(), account);
        await e2e().record(id);
        return (await own.spans()).length > 5;
      },
      { timeoutMs: 60_000 },
    );
    expect(await worker.stop()).toMatchObject({ code: 0 });
  });
});
