import { describe, expect, it } from '@jest/globals';
import { getHeapStatistics } from 'node:v8';
import { createMetrics, type PrometheusMetrics } from '../../../src/observability/metrics.ts';
import { until } from '../../support/until.ts';

async function read(): Promise<ReadonlyMap<string, number>> {
  const text = await createMetrics().text();
  const series = text.matchAll(/^notify_on_delivery_process_(\w+) (\S+)$/gm);
  return new Map([...series].map(([, name = '', value]) => [name, Number(value)]));
}

describe('the metrics of the process', () => {
  it('are CPU time so far, memory in use, and when it began', async () => {
    const before = process.cpuUsage();
    const figures = await read();
    const after = process.cpuUsage();
    const cpuMicroseconds = (figures.get('cpu_seconds_total') ?? 0) * 1_000_000;
    expect(cpuMicroseconds).toBeGreaterThan(before.user + before.system - 1);
    expect(cpuMicroseconds).toBeLessThan(after.user + after.system + 1);
    expect(figures.get('resident_memory_bytes')).toBeGreaterThan(10_000_000);
    const startedAt = (figures.get('start_time_seconds') ?? 0) * 1000;
    expect(Math.abs(startedAt - performance.timeOrigin)).toBeLessThan(1000);
  });
});

const figure = async (metrics: PrometheusMetrics, series: string): Promise<number> => {
  const line = (await metrics.text())
    .split('\n')
    .find((each) => each.startsWith(`notify_on_delivery_${series} `));
  return Number(line?.split(' ')[1]);
};

/** Keeps the event loop from its other work. */
function block(ms: number): void {
  const endMs = performance.now() + ms;
  while (performance.now() < endMs);
}

describe('the metrics of Node', () => {
  it('are the heap and its limit, and what is outside it', async () => {
    const metrics = createMetrics();
    const used = await figure(metrics, 'nodejs_heap_size_used_bytes');
    expect(used).toBeGreaterThan(1_000_000);
    expect(used).toBeLessThan(await figure(metrics, 'nodejs_heap_size_limit_bytes'));
    expect(await figure(metrics, 'nodejs_heap_size_limit_bytes')).toBe(
      getHeapStatistics().heap_size_limit,
    );
    const before = await figure(metrics, 'nodejs_external_memory_bytes');
    const buffer = Buffer.alloc(64 * 1024 * 1024);
    const after = await figure(metrics, 'nodejs_external_memory_bytes');
    expect(after - before).toBeGreaterThan(buffer.length / 2);
  });

  it('count the time in which the event loop is busy', async () => {
    const metrics = createMetrics();
    const before = await figure(metrics, 'nodejs_event_loop_busy_seconds_total');
    block(200);
    await new Promise((resolve) => setImmediate(resolve));
    const after = await figure(metrics, 'nodejs_event_loop_busy_seconds_total');
    expect(after - before).toBeGreaterThan(0.19);
  });

  it('show a stall of the event loop, while it is watched', async () => {
    const metrics = createMetrics();
    const late = async (): Promise<number> =>
      (await figure(metrics, 'nodejs_event_loop_delay_seconds_count')) -
      (await figure(metrics, 'nodejs_event_loop_delay_seconds_bucket{le="0.25"}'));
    const end = metrics.watchProcess();
    try {
      expect(await late()).toBe(0);
      await until('it is looked at', async () => {
        block(700);
        await new Promise((resolve) => setTimeout(resolve, 1));
        return (await late()) > 0;
      });
    } finally {
      end();
    }
    const count = await figure(metrics, 'nodejs_event_loop_delay_seconds_count');
    await new Promise((resolve) => setTimeout(resolve, 600));
    expect(await figure(metrics, 'nodejs_event_loop_delay_seconds_count')).toBe(count);
  });

  it('show pauses for garbage collection, while it is watched', async () => {
    const metrics = createMetrics();
    const end = metrics.watchProcess();
    try {
      await until('the young generation was collected', async () => {
        const garbage = Array.from({ length: 100_000 }, (_, index) => ({ index }));
        expect(garbage).toHaveLength(100_000);
        return (await figure(metrics, 'nodejs_gc_duration_seconds_count{kind="minor"}')) > 0;
      });
    } finally {
      end();
    }
  });

  it('count open files, on Linux', async () => {
    const metrics = createMetrics();
    const open = await figure(metrics, 'process_open_fds');
    const isLinux = process.platform === 'linux';
    expect(open > 2).toBe(isLinux);
    expect((await figure(metrics, 'process_max_fds')) >= open).toBe(isLinux);
  });
});

it('build_info names the version and Node', async () => {
  const series = `build_info{version="1.2.3",node="${process.versions.node}"}`;
  expect(await createMetrics(undefined, '1.2.3').text()).toContain(
    `notify_on_delivery_${series} 1\n`,
  );
});
