import { freeText, integer, optional } from './parsers.ts';
import type { Setting } from './setting.ts';
import { otlpEndpoint, otlpHeaders, resourceAttributes } from './tracingParsers.ts';

/** Names and meanings are those of the OpenTelemetry specification, so that a platform can set them for all its services. */
export const tracingSettings = {
  OTEL_EXPORTER_OTLP_ENDPOINT: {
    key: 'tracing.endpoint',
    parser: optional(otlpEndpoint),
    default: '',
    description:
      'URL of an OpenTelemetry collector that takes OTLP over HTTP, such as `http://collector:4318`. If set, each notification is traced: see [Tracing](tracing.md). `/v1/traces` is appended. Empty: nothing is traced.',
  },
  OTEL_EXPORTER_OTLP_HEADERS: {
    key: 'tracing.headers',
    parser: optional(otlpHeaders),
    default: '',
    secret: true,
    description:
      'Headers for the collector, such as `authorization=Bearer%20abc,x-tenant=sms`. Values are percent-encoded.',
  },
  OTEL_EXPORTER_OTLP_PROTOCOL: {
    key: 'tracing.protocol',
    parser: freeText,
    default: 'http/protobuf',
    description:
      'How traces are sent. Only `http/protobuf` can be used; with `OTEL_EXPORTER_OTLP_ENDPOINT`, the others are refused.',
  },
  OTEL_EXPORTER_OTLP_TIMEOUT: {
    key: 'tracing.timeoutMs',
    parser: integer({ min: 1, max: 600_000 }),
    default: '10000',
    description: 'How long the collector may take for a batch of spans, in milliseconds.',
  },
  OTEL_SERVICE_NAME: {
    key: 'tracing.serviceName',
    parser: freeText,
    default: '',
    description:
      'Name of this service in traces. Empty: `service.name` of `OTEL_RESOURCE_ATTRIBUTES`, or `notify-on-delivery`.',
  },
  OTEL_RESOURCE_ATTRIBUTES: {
    key: 'tracing.resourceAttributes',
    parser: resourceAttributes,
    default: '',
    description:
      'What else traces say about this service, such as `deployment.environment.name=production,service.namespace=sms`. Values are percent-encoded. They are not secret.',
  },
  OTEL_TRACES_SAMPLER: {
    key: 'tracing.sampler',
    parser: freeText,
    default: 'parentbased_always_on',
    description:
      'Which notifications are traced: `always_on` (all), `always_off` (none, but calls carry `traceparent`), `traceidratio` (the share in `OTEL_TRACES_SAMPLER_ARG`). With `parentbased_` they mean the same, as no trace here has a parent.',
  },
  OTEL_TRACES_SAMPLER_ARG: {
    key: 'tracing.samplerArgument',
    parser: freeText,
    default: '',
    description:
      'For `traceidratio`: the share of notifications to trace, from 0 to 1, such as `0.05`. Empty: 1.',
  },
} as const satisfies Record<string, Setting>;
