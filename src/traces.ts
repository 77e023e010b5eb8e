import { hostname } from 'node:os';
import type { Config } from '../config/config.ts';
import type { PrometheusMetrics } from './observability/metrics.ts';
import { noTracing, type Tracing } from './ports/tracing.ts';
import type { Logger } from './runtime/logger.ts';
import type { Teardown } from './runtime/teardown.ts';

/** Where the settings name no collector, nothing is loaded, and nothing is traced. */
export async function openTraces(
  { tracing, lease }: Config,
  {
    metrics,
    ...given
  }: Readonly<{
    version: string;
    now: () => number;
    logger: Pick<Logger, 'warn'>;
    metrics: Pick<PrometheusMetrics, 'traces'>;
  }>,
  teardown: Teardown,
): Promise<Tracing> {
  const { endpoint, headers, timeoutMs, sampler } = tracing;
  if (endpoint === null) return noTracing;
  const { openTracing } = await import('./observability/tracing/openTracing.ts');
  const { logger, now, version } = given;
  const opened = openTracing({
    ...{ endpoint, headers: headers ?? {}, timeoutMs, logger, now },
    metrics: metrics.traces(),
    sampler: sampler ?? 'parentbased_always_on',
    share: Number(tracing.samplerArgument ?? 1),
    resource: {
      'service.name': 'notify-on-delivery',
      'service.version': version,
      'service.instance.id': lease.workerId ?? `${hostname()}:${process.pid}`,
      ...tracing.resourceAttributes,
      ...(tracing.serviceName === null ? {} : { 'service.name': tracing.serviceName }),
    },
  });
  teardown.add('the traces', opened.close);
  return opened;
}
