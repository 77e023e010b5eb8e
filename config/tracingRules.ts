import type { Problem } from './reading.ts';
import type { UsableValues } from './schema.ts';

const samplers = ['always_on', 'always_off', 'traceidratio'].flatMap((name) => [
  name,
  `parentbased_${name}`,
]);

/** Only where something is traced: a platform may set the same variables for services that can do more. */
export function brokenTracingRules(values: UsableValues): readonly Problem[] {
  const { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_EXPORTER_OTLP_PROTOCOL: protocol } = values;
  const { OTEL_TRACES_SAMPLER: sampler, OTEL_TRACES_SAMPLER_ARG: share } = values;
  if (endpoint === undefined || endpoint === null) return [];
  const problems: Problem[] = [];
  if (typeof protocol === 'string' && protocol !== 'http/protobuf') {
    problems.push({
      variable: 'OTEL_EXPORTER_OTLP_PROTOCOL',
      message: `is ${protocol}, which this worker does not speak`,
      remedy:
        'set http/protobuf, with the port of the collector for HTTP (usually 4318) in OTEL_EXPORTER_OTLP_ENDPOINT',
    });
  }
  if (typeof sampler === 'string' && !samplers.includes(sampler)) {
    problems.push({
      variable: 'OTEL_TRACES_SAMPLER',
      message: `is ${sampler}, which this worker does not know`,
      remedy: `set one of ${samplers.join(', ')}`,
    });
  }
  const hasShare = sampler?.endsWith('traceidratio') === true && typeof share === 'string';
  if (hasShare && !/^(?:0(?:\.\d+)?|1(?:\.0+)?|\.\d+)$/.test(share)) {
    problems.push({
      variable: 'OTEL_TRACES_SAMPLER_ARG',
      message: 'is not a number from 0 to 1',
      remedy: 'write the share of notifications to trace, such as 0.05',
    });
  }
  return problems;
}
