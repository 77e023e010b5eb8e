import { brokerAddresses, kafkaGroup, kafkaTopic, saslText } from './kafkaParsers.ts';
import { boolean, file, oneOf, optional } from './parsers.ts';
import type { Setting } from './setting.ts';

export const kafkaSettings = {
  KAFKA_BROKERS: {
    key: 'kafka.brokers',
    parser: brokerAddresses,
    default: '',
    description:
      "Brokers to connect to first, such as `kafka-1:9092,kafka-2:9092`. If set, all workers share the work: they take statuses from `KAFKA_TOPIC`, which MongoDB's Kafka source connector fills, and not from the change stream. Empty: one worker at a time reads the change stream.",
  },
  KAFKA_TOPIC: {
    key: 'kafka.topic',
    parser: optional(kafkaTopic),
    default: '',
    description:
      'Topic with the change events of the SMS collection. Required with `KAFKA_BROKERS`.',
  },
  KAFKA_GROUP: {
    key: 'kafka.group',
    parser: kafkaGroup,
    default: 'notify-on-delivery',
    description:
      'Consumer group of the workers. All workers of one installation need the same group, and no other consumer may use it.',
  },
  KAFKA_TLS: {
    key: 'kafka.tls',
    parser: boolean,
    default: 'false',
    description:
      'Whether connections to Kafka use TLS. The certificate and the host name of every broker are verified.',
  },
  KAFKA_CA_FILE: {
    key: 'kafka.ca',
    parser: optional(file),
    default: '',
    description:
      'File with the PEM certificates of the certificate authorities to trust. Empty: those that the system trusts. Needs `KAFKA_TLS=true`.',
  },
  KAFKA_CERT_FILE: {
    key: 'kafka.cert',
    parser: optional(file),
    default: '',
    description:
      'File with the PEM certificate of this client, followed by any intermediate certificates. Needs `KAFKA_KEY_FILE`.',
  },
  KAFKA_KEY_FILE: {
    key: 'kafka.key',
    parser: optional(file),
    default: '',
    description:
      'File with the PEM key of that certificate, without a passphrase. Needs `KAFKA_CERT_FILE`.',
  },
  KAFKA_SASL_MECHANISM: {
    key: 'kafka.saslMechanism',
    parser: optional(oneOf(['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'])),
    default: '',
    description:
      'How the worker logs in to Kafka: `PLAIN`, `SCRAM-SHA-256` or `SCRAM-SHA-512`, with `KAFKA_SASL_USERNAME` and `KAFKA_SASL_PASSWORD`. `PLAIN` sends the password as it is, so use it with TLS. Empty: no login.',
  },
  KAFKA_SASL_USERNAME: {
    key: 'kafka.saslUsername',
    parser: optional(saslText),
    default: '',
    description: 'User name for `KAFKA_SASL_MECHANISM`.',
  },
  KAFKA_SASL_PASSWORD: {
    key: 'kafka.saslPassword',
    parser: optional(saslText),
    default: '',
    secret: true,
    description: 'Password for `KAFKA_SASL_MECHANISM`.',
  },
} as const satisfies Record<string, Setting>;
