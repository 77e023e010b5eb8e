import { createPrivateKey, X509Certificate } from 'node:crypto';
import { formatDuration } from './duration.ts';
import { succeeds } from './parsers.ts';
import type { Problem } from './reading.ts';
import type { SettingName, UsableValues } from './schema.ts';

const files = ['KAFKA_CA_FILE', 'KAFKA_CERT_FILE', 'KAFKA_KEY_FILE'] as const;
const login = ['KAFKA_SASL_USERNAME', 'KAFKA_SASL_PASSWORD'] as const;

/** Skips what could not be read, as `brokenRules` does. */
export function brokenKafkaRules(values: UsableValues): readonly Problem[] {
  return [
    ...brokersAndTopic(values),
    ...filesWithoutTls(values),
    ...certificateAndKey(values),
    ...mechanismAndLogin(values),
  ];
}

const isSet = (values: UsableValues, name: SettingName): boolean =>
  values[name] !== undefined && values[name] !== null;

const isMissing = (values: UsableValues, name: SettingName): boolean => values[name] === null;

function brokersAndTopic(values: UsableValues): readonly Problem[] {
  const { KAFKA_BROKERS: brokers, KAFKA_TOPIC: topic } = values;
  if (brokers === undefined || topic === undefined) return [];
  if (brokers.length > 0 && topic === null) {
    return [
      {
        variable: 'KAFKA_TOPIC',
        message: 'is not set, although KAFKA_BROKERS is',
        remedy: 'write the topic that the source connector fills, or remove KAFKA_BROKERS',
      },
    ];
  }
  if (brokers.length > 0 || topic === null) return [];
  return [
    {
      variable: 'KAFKA_BROKERS',
      message: 'is not set, although KAFKA_TOPIC is',
      remedy: 'write the brokers, such as kafka-1:9092, or remove KAFKA_TOPIC',
    },
  ];
}

function filesWithoutTls(values: UsableValues): readonly Problem[] {
  if (values.KAFKA_TLS !== false) return [];
  return files
    .filter((name) => isSet(values, name))
    .map((variable) => ({
      variable,
      message: 'is set, although KAFKA_TLS is false',
      remedy: `set KAFKA_TLS=true, or remove ${variable}`,
    }));
}

function certificateAndKey(values: UsableValues): readonly Problem[] {
  const { KAFKA_CERT_FILE: cert, KAFKA_KEY_FILE: key } = values;
  const missing = (variable: string, present: string): Problem => ({
    variable,
    message: `is not set, although ${present} is`,
    remedy: `name the file in ${variable}, or remove ${present}`,
  });
  if (cert === undefined || key === undefined) return [];
  if (cert !== null && key === null) return [missing('KAFKA_KEY_FILE', 'KAFKA_CERT_FILE')];
  if (cert === null && key !== null) return [missing('KAFKA_CERT_FILE', 'KAFKA_KEY_FILE')];
  if (cert === null || key === null || areAPair(cert.text, key.text)) return [];
  return [
    {
      variable: 'KAFKA_KEY_FILE',
      message: 'is not the key of the certificate in KAFKA_CERT_FILE',
      remedy: 'name files that belong together, the certificate of this client before any others',
    },
  ];
}

const areAPair = (cert: string, key: string): boolean =>
  new X509Certificate(cert).checkPrivateKey(createPrivateKey(key));

export const isPrivateKey = (text: string): boolean => succeeds(() => createPrivateKey(text));

function mechanismAndLogin(values: UsableValues): readonly Problem[] {
  if (values.KAFKA_SASL_MECHANISM === undefined) return [];
  if (values.KAFKA_SASL_MECHANISM !== null) {
    return login
      .filter((name) => isMissing(values, name))
      .map((variable) => ({
        variable,
        message: 'is not set, although KAFKA_SASL_MECHANISM is',
        remedy: `write it${variable === 'KAFKA_SASL_PASSWORD' ? ', or name a file that holds it in KAFKA_SASL_PASSWORD_FILE' : ''}, or remove KAFKA_SASL_MECHANISM`,
      }));
  }
  const given = login.filter((name) => isSet(values, name));
  if (given.length === 0) return [];
  return [
    {
      variable: 'KAFKA_SASL_MECHANISM',
      message: `is not set, although ${given.join(' and ')} ${given.length > 1 ? 'are' : 'is'}`,
      remedy: `write PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512, or remove ${given.join(' and ')}`,
    },
  ];
}

/** The broker's defaults of `group.min.session.timeout.ms` and `group.max.session.timeout.ms`. */
const sessionMs = { min: 6_000, max: 1_800_000 } as const;

export function kafkaWarnings(values: UsableValues): readonly string[] {
  const { KAFKA_BROKERS: brokers, KAFKA_TLS: tls, KAFKA_SASL_MECHANISM: mechanism } = values;
  if (brokers === undefined) return [];
  const warnings: string[] = [];
  if (mechanism === 'PLAIN' && tls === false) {
    warnings.push(
      'KAFKA_SASL_MECHANISM is PLAIN and KAFKA_TLS is false: the password is sent over the network in the clear',
    );
  }
  if (brokers.length === 0) {
    const others = [
      ...(tls === true ? ['KAFKA_TLS'] : []),
      ...(mechanism === undefined || mechanism === null ? [] : ['KAFKA_SASL_MECHANISM']),
    ];
    for (const name of others) {
      warnings.push(`${name} has no effect, because KAFKA_BROKERS is not set`);
    }
    return warnings;
  }
  const ttlMs = values.LEASE_TTL;
  if (ttlMs !== undefined && (ttlMs < sessionMs.min || ttlMs > sessionMs.max)) {
    warnings.push(
      `LEASE_TTL is ${formatDuration(ttlMs)}: with Kafka it is the session timeout, which brokers accept only between group.min.session.timeout.ms (${formatDuration(sessionMs.min)} by default) and group.max.session.timeout.ms (${formatDuration(sessionMs.max)})`,
    );
  }
  return warnings;
}
