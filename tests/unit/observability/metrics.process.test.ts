import { describe, expect, it } from '@jest/globals';
import { createMetrics } from '../../../src/observability/metrics.ts';

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

it('build_info names the version and Node', async () => {
  const series = `build_info{version="1.2.3",node="${process.versions.node}"}`;
  expect(await createMetrics(undefined, '1.2.3').text()).toContain(
    `notify_on_delivery_${series} 1\n`,
  );
});
