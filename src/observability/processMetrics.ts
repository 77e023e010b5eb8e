import { readFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import {
  constants,
  type NodeGCPerformanceDetail,
  performance,
  type PerformanceEntry,
  PerformanceObserver,
} from 'node:perf_hooks';
import { getHeapStatistics } from 'node:v8';
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

export interface ProcessMetrics {
  /** From now on the event loop and the garbage collection are watched, until the function it returns is called. */
  watch(): () => void;
}

const PREFIX = 'notify_on_delivery_';
/** Each look wakes an idle process: ten a second take 0.16 % of a core. A stall that is longer is always seen. */
const LOOK_EVERY_MS = 250;
const delayBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const pauseBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1];

/**
 * How Node is. prom-client's own metrics of it watch the event loop a hundred times a second, and show quantiles that
 * can't be added up over workers. Everything is of the main thread, but what the system counts: that is of the process.
 */
export function createProcessMetrics(registry: Registry): ProcessMetrics {
  const registers = [registry];
  const gauge = (name: string, help: string, read: () => number | Promise<number | null>): void => {
    registry.registerMetric(
      new Gauge({
        name: PREFIX + name,
        help,
        registers: [],
        async collect() {
          const value = await read();
          if (value === null) this.remove();
          else this.set(value);
        },
      }),
    );
  };
  const counter = (name: string, help: string, read: () => number): void => {
    registry.registerMetric(
      new Counter({
        name: PREFIX + name,
        help,
        registers: [],
        collect() {
          this.reset();
          this.inc(read());
        },
      }),
    );
  };

  counter('process_cpu_seconds_total', 'CPU time of the process', () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1_000_000;
  });
  gauge('process_resident_memory_bytes', 'Resident memory of the process', () =>
    process.memoryUsage.rss(),
  );
  const startedAtSeconds = Date.now() / 1000 - process.uptime();
  gauge(
    'process_start_time_seconds',
    'Start time of the process, in Unix time',
    () => startedAtSeconds,
  );
  gauge('process_open_fds', 'Open files and connections', countOpenFiles);
  const limit = openFilesLimit();
  if (limit !== null) {
    gauge('process_max_fds', 'Limit of open files and connections', () => limit);
  }
  gauge(
    'nodejs_heap_size_used_bytes',
    'Memory of JavaScript objects',
    () => getHeapStatistics().used_heap_size,
  );
  gauge(
    'nodejs_heap_size_total_bytes',
    'Memory that V8 has for JavaScript objects',
    () => getHeapStatistics().total_heap_size,
  );
  gauge(
    'nodejs_heap_size_limit_bytes',
    'What V8 may use for JavaScript objects before the process ends',
    () => getHeapStatistics().heap_size_limit,
  );
  gauge(
    'nodejs_external_memory_bytes',
    'Memory of buffers, outside the heap',
    () => process.memoryUsage().external,
  );
  counter(
    'nodejs_event_loop_busy_seconds_total',
    'Time in which the event loop did not wait for events',
    () => performance.eventLoopUtilization().active / 1000,
  );
  const delay = new Histogram({
    name: `${PREFIX}nodejs_event_loop_delay_seconds`,
    help: 'How late the event loop is, four times a second',
    buckets: delayBuckets,
    registers,
  });
  const pauses = new Histogram({
    name: `${PREFIX}nodejs_gc_duration_seconds`,
    help: 'Pauses for garbage collection, by kind',
    labelNames: ['kind'],
    buckets: pauseBuckets,
    registers,
  });
  for (const kind of kinds.values()) pauses.zero({ kind });

  return {
    watch() {
      let dueMs = performance.now() + LOOK_EVERY_MS;
      const timer = setInterval(() => {
        const nowMs = performance.now();
        delay.observe(Math.max(0, nowMs - dueMs) / 1000);
        dueMs = nowMs + LOOK_EVERY_MS;
      }, LOOK_EVERY_MS);
      const observer = new PerformanceObserver((list) => {
        // Node's types leave out what its entries have.
        for (const { duration, detail } of list.getEntries() as Pause[]) {
          const kind = kinds.get(detail?.kind ?? 0);
          if (kind !== undefined) pauses.observe({ kind }, duration / 1000);
        }
      });
      observer.observe({ entryTypes: ['gc'] });
      return () => {
        clearInterval(timer);
        observer.disconnect();
      };
    },
  };
}

type Pause = PerformanceEntry & { readonly detail?: NodeGCPerformanceDetail };

const kinds: ReadonlyMap<number, string> = new Map([
  [constants.NODE_PERFORMANCE_GC_MINOR, 'minor'],
  [constants.NODE_PERFORMANCE_GC_MAJOR, 'major'],
  [constants.NODE_PERFORMANCE_GC_INCREMENTAL, 'incremental'],
  [constants.NODE_PERFORMANCE_GC_WEAKCB, 'weak_callbacks'],
]);

/** Null where the system does not say. The folder itself, which is open while it is read, does not count. */
async function countOpenFiles(): Promise<number | null> {
  const files = await readdir('/proc/self/fd').catch(() => null);
  return files === null ? null : files.length - 1;
}

function openFilesLimit(): number | null {
  try {
    const limits = readFileSync('/proc/self/limits', 'utf8');
    const limit = Number(/^Max open files\s+(\d+)/m.exec(limits)?.[1]);
    return Number.isInteger(limit) ? limit : null;
  } catch {
    return null;
  }
}
