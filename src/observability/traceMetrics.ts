import { Counter, type Registry } from 'prom-client';
import type { TraceMetrics } from '../ports/telemetry.ts';

const PREFIX = 'notify_on_delivery_';

/** The series of a worker that sends traces. */
export function createTraceMetrics(registry: Registry): TraceMetrics {
  const registers = [registry];
  const exported = new Counter({
    name: `${PREFIX}trace_spans_exported_total`,
    help: 'Spans that the collector has taken',
    registers,
  });
  const dropped = new Counter({
    name: `${PREFIX}trace_spans_dropped_total`,
    help: 'Spans that the collector did not get, by cause',
    labelNames: ['cause'],
    registers,
  });
  for (const cause of ['queue_full', 'export_failed', 'stopped']) dropped.inc({ cause }, 0);
  return {
    spansExported: (count) => exported.inc(count),
    spansDropped: (cause, count) => dropped.inc({ cause }, count),
  };
}
