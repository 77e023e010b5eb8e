import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { defaultResource, resourceFromAttributes } from '@opentelemetry/resources';
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
  type Sampler,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import type { TraceMetrics } from '../../ports/telemetry.ts';
import type { Tracing } from '../../ports/tracing.ts';
import type { Logger } from '../../runtime/logger.ts';
import { createNotificationTraces } from './notificationTraces.ts';
import { createSpanQueue } from './spanQueue.ts';

export interface TracingOptions {
  /** Of the collector, without `/v1/traces`. */
  readonly endpoint: string;
  /** Secret. */
  readonly headers: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  /** As the specification names it. */
  readonly sampler: string;
  /** For a sampler that takes a share. */
  readonly share: number;
  readonly resource: Readonly<Record<string, string>>;
  readonly now: () => number;
  readonly metrics: TraceMetrics;
  readonly logger: Pick<Logger, 'warn'>;
}

/** Sends traces by the SDK. Importing this file loads it. */
export function openTracing(options: TracingOptions): Tracing & { close(): Promise<void> } {
  const { endpoint, headers, timeoutMs, resource, now, metrics, logger } = options;
  const exporter = new OTLPTraceExporter({
    url: `${endpoint.replace(/\/+$/, '')}/v1/traces`,
    headers: { ...headers },
    timeoutMillis: timeoutMs,
  });
  const queue = createSpanQueue({ exporter, exportMs: timeoutMs, metrics, logger });
  const provider = new TracerProvider({
    sampler: samplerOf(options),
    resource: defaultResource().merge(resourceFromAttributes(resource)),
    spanProcessors: [queue],
  });
  const tracer = provider.getTracer('notify-on-delivery', resource['service.version']);
  return { ...createNotificationTraces(tracer, now), close: queue.close };
}

/** No trace here has a parent, but each span has: the whole trace is as its first span. */
function samplerOf({ sampler, share }: TracingOptions): Sampler {
  return new ParentBasedSampler({ root: rootSampler(sampler, share) });
}

function rootSampler(name: string, share: number): Sampler {
  if (name.endsWith('always_off')) return new AlwaysOffSampler();
  return name.endsWith('traceidratio')
    ? new TraceIdRatioBasedSampler(share)
    : new AlwaysOnSampler();
}
