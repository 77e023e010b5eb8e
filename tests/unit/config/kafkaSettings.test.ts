import { rootCertificates } from 'node:tls';
import { describe, expect, it } from '@jest/globals';
import { describeConfig, loadConfig } from '../../../config/loadConfig.ts';
import { brokerAddresses, kafkaGroup, kafkaTopic, saslText } from '../../../config/kafkaParsers.ts';
import { formatProblem, type Environment } from '../../../config/reading.ts';
import { configOf, problemsOf, readNothing, required } from './loading.ts';
import { parse } from './parsing.ts';

const kafka = { ...required, KAFKA_BROKERS: 'kafka-1:9092', KAFKA_TOPIC: 'central.sms' };
const sasl = {
  KAFKA_SASL_MECHANISM: 'SCRAM-SHA-512',
  KAFKA_SASL_USERNAME: 'worker',
  KAFKA_SASL_PASSWORD: 'k4fka-pass',
};
const saidOf = (env: Environment): readonly string[] => problemsOf(env).map(formatProblem);
const warningsOf = (env: Environment): readonly string[] => loadConfig(env, readNothing).warnings;

describe('the settings of Kafka', () => {
  it('are read from the environment', () => {
    const env = { ...kafka, ...sasl, KAFKA_GROUP: 'sms workers', KAFKA_TLS: 'true' };
    expect(configOf({ ...env, KAFKA_BROKERS: 'kafka-1:9092, [fd00::1]:9093' }).kafka).toEqual({
      brokers: ['kafka-1:9092', '[fd00::1]:9093'],
      topic: 'central.sms',
      group: 'sms workers',
      tls: true,
      ca: null,
      cert: null,
      key: null,
      saslMechanism: 'SCRAM-SHA-512',
      saslUsername: 'worker',
      saslPassword: 'k4fka-pass',
    });
  });

  it('never show the password', () => {
    const described = describeConfig(configOf({ ...kafka, ...sasl }));
    expect(described).toMatchObject({ KAFKA_SASL_USERNAME: 'worker', KAFKA_SASL_PASSWORD: 'set' });
    expect(JSON.stringify(described)).not.toContain('k4fka-pass');
    expect(describeConfig(configOf(kafka))).toMatchObject({ KAFKA_SASL_PASSWORD: '' });
  });

  it('take the password from a file', () => {
    const { KAFKA_SASL_PASSWORD: _, ...others } = sasl;
    const env = { ...kafka, ...others, KAFKA_SASL_PASSWORD_FILE: '/run/secrets/kafka' };
    const loaded = loadConfig(env, (path) => (path === '/run/secrets/kafka' ? 'pw\n' : 'SELECT 1'));
    expect(loaded).toMatchObject({ ok: true, config: { kafka: { saslPassword: 'pw' } } });
  });

  it.each([
    [
      { KAFKA_BROKERS: 'kafka-1:9092' },
      [
        'KAFKA_TOPIC is not set, although KAFKA_BROKERS is; write the topic that the source connector fills, or remove KAFKA_BROKERS',
      ],
    ],
    [
      { KAFKA_TOPIC: 'sms' },
      [
        'KAFKA_BROKERS is not set, although KAFKA_TOPIC is; write the brokers, such as kafka-1:9092, or remove KAFKA_TOPIC',
      ],
    ],
    [
      { ...kafka, KAFKA_SASL_MECHANISM: 'PLAIN' },
      [
        'KAFKA_SASL_USERNAME is not set, although KAFKA_SASL_MECHANISM is; write it, or remove KAFKA_SASL_MECHANISM',
        'KAFKA_SASL_PASSWORD is not set, although KAFKA_SASL_MECHANISM is; write it, or name a file that holds it in KAFKA_SASL_PASSWORD_FILE, or remove KAFKA_SASL_MECHANISM',
      ],
    ],
    [
      { ...kafka, KAFKA_SASL_USERNAME: 'u', KAFKA_SASL_PASSWORD: 'p' },
      [
        'KAFKA_SASL_MECHANISM is not set, although KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD are; write PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512, or remove KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD',
      ],
    ],
    [
      { ...kafka, KAFKA_SASL_PASSWORD: 'p' },
      [
        'KAFKA_SASL_MECHANISM is not set, although KAFKA_SASL_PASSWORD is; write PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512, or remove KAFKA_SASL_PASSWORD',
      ],
    ],
  ])('%j is refused', (env, expected) => {
    expect(saidOf({ ...required, ...env })).toEqual(expected);
  });

  it('are refused together with all other problems', () => {
    const env = {
      KAFKA_BROKERS: 'kafka-1',
      KAFKA_TOPIC: 'a b',
      KAFKA_TLS: 'yes',
      LOG_LEVEL: 'loud',
    };
    const named = problemsOf(env).map(({ variable }) => variable);
    expect(named).toEqual(
      expect.arrayContaining(['KAFKA_BROKERS', 'KAFKA_TOPIC', 'KAFKA_TLS', 'LOG_LEVEL']),
    );
  });

  it('do not repeat a problem as a broken rule', () => {
    expect(problemsOf({ ...kafka, KAFKA_TOPIC: 'a b' })).toHaveLength(1);
    expect(problemsOf({ ...kafka, KAFKA_BROKERS: 'nowhere' })).toHaveLength(1);
    expect(problemsOf({ ...kafka, ...sasl, KAFKA_SASL_MECHANISM: 'GSSAPI' })).toHaveLength(1);
    expect(problemsOf({ ...kafka, ...sasl, KAFKA_SASL_PASSWORD: 'a\0b' })).toHaveLength(1);
  });

  it('never show a key that was given in place of its file', () => {
    const key = '-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----';
    expect(saidOf({ ...kafka, KAFKA_TLS: 'true', KAFKA_KEY_FILE: key })).toEqual([
      'KAFKA_KEY_FILE is the content of a file and not its path; write the path of a readable file',
    ]);
  });

  it.each(['KAFKA_CA_FILE', 'KAFKA_CERT_FILE', 'KAFKA_KEY_FILE'])(
    'refuse a %s of another kind',
    (name) => {
      const problems = problemsOf({ ...kafka, KAFKA_TLS: 'true', [name]: '/etc/kafka.pem' });
      expect(problems).toMatchObject([
        {
          variable: name,
          message: expect.stringContaining('"/etc/kafka.pem", which contains no '),
        },
      ]);
    },
  );

  it('refuse certificates without TLS, and a certificate without its key', () => {
    const [certificate = ''] = rootCertificates;
    const env = { ...kafka, KAFKA_CA_FILE: '/ca.pem', KAFKA_CERT_FILE: '/cert.pem' };
    const read = (path: string): string => (path.endsWith('.pem') ? certificate : 'SELECT 1');
    const loaded = loadConfig(env, read);
    expect('problems' in loaded ? loaded.problems.map(formatProblem) : []).toEqual([
      'KAFKA_CA_FILE is set, although KAFKA_TLS is false; set KAFKA_TLS=true, or remove KAFKA_CA_FILE',
      'KAFKA_CERT_FILE is set, although KAFKA_TLS is false; set KAFKA_TLS=true, or remove KAFKA_CERT_FILE',
      'KAFKA_KEY_FILE is not set, although KAFKA_CERT_FILE is; name the file in KAFKA_KEY_FILE, or remove KAFKA_CERT_FILE',
    ]);
  });

  it.each([
    [
      { ...kafka, ...sasl, KAFKA_SASL_MECHANISM: 'PLAIN' },
      /^KAFKA_SASL_MECHANISM is PLAIN .* clear$/,
    ],
    [{ ...required, KAFKA_TLS: 'true' }, /^KAFKA_TLS has no effect/],
    [{ ...required, ...sasl }, /^KAFKA_SASL_MECHANISM has no effect/],
    [
      { ...kafka, LEASE_TTL: '5s' },
      /^LEASE_TTL is 5s: with Kafka .* \(6s by default\) .* \(30m\)$/,
    ],
    [{ ...kafka, LEASE_TTL: '31m' }, /^LEASE_TTL is 31m: with Kafka/],
  ])('%j is a warning', (env, expected) => {
    expect(warningsOf(env)).toEqual([expect.stringMatching(expected)]);
  });

  it.each([
    kafka,
    { ...kafka, ...sasl },
    { ...kafka, ...sasl, KAFKA_SASL_MECHANISM: 'PLAIN', KAFKA_TLS: 'true' },
    { ...kafka, LEASE_TTL: '6s' },
    { ...kafka, LEASE_TTL: '30m' },
    { ...required, LEASE_TTL: '1s' },
  ])('%j is none', (env) => {
    expect(warningsOf(env)).toEqual([]);
  });
});

describe('addresses of brokers', () => {
  it.each([
    ['kafka:9092', ['kafka:9092']],
    ['b-1.x.amazonaws.com:9096,b-2.x.amazonaws.com:9096', undefined],
    ['10.0.0.1:1, [::1]:65535', ['10.0.0.1:1', '[::1]:65535']],
    ['kafka_1.internal.:9092', undefined],
    ['a:1,a:1', ['a:1']],
    ['', []],
  ])('may be %j', (text, expected) => {
    expect(parse(brokerAddresses, text)).toEqual({ value: expected ?? text.split(',') });
  });

  it.each([
    ['kafka', 'has an entry that has no port, number 1'],
    ['a:1,kafka:', 'has an entry that has an invalid port, number 2'],
    ['kafka:0', 'has an entry that has an invalid port, number 1'],
    ['kafka:65536', 'has an entry that has an invalid port, number 1'],
    ['a:1,,b:1', 'has an empty entry'],
    ['a:1,b c:1', 'has an entry that is not a host with a port, number 2'],
    ['::1:9092', 'has an entry that is not a host with a port, number 1'],
    ['[::1', 'has an entry that is not a host with a port, number 1'],
    ['[::1]9092', 'has an entry that is not a host with a port, number 1'],
    ['[kafka]:9092', 'has an entry that is not a host with a port, number 1'],
    ['user:pass@kafka:9092', 'has an entry that has an invalid port, number 1'],
    ['user@kafka:9092', 'has an entry that is not a host with a port, number 1'],
    [':9092', 'has an entry that is not a host with a port, number 1'],
    ['a/b:9092', 'has an entry that is not a host with a port, number 1'],
  ])('may not be %j', (text, wrong) => {
    expect(parse(brokerAddresses, text)).toEqual({ wrong });
  });

  it('may not begin with a scheme', () => {
    expect(parse(brokerAddresses, 'SASL_SSL://kafka:9092')).toMatchObject({
      wrong: expect.stringContaining('KAFKA_TLS and KAFKA_SASL_MECHANISM choose the protocol'),
    });
  });
});

describe('names', () => {
  it.each(['sms', 'central.SMSDetailDocument', '_a-1', 'x'.repeat(249), '...'])(
    'of topics may be %j',
    (name) => {
      expect(parse(kafkaTopic, name)).toEqual({ value: name });
    },
  );

  it.each(['.', '..', '^sms.*', 'sms/1', 'smş', 'x'.repeat(250), 'a b', 'a,b'])(
    'of topics may not be %j',
    (name) => {
      expect(parse(kafkaTopic, name)).toHaveProperty('wrong');
    },
  );

  it('of groups are printable', () => {
    expect(parse(kafkaGroup, 'sms workers')).toEqual({ value: 'sms workers' });
    for (const name of ['', 'a\nb', 'ü', 'x'.repeat(256)]) {
      expect(parse(kafkaGroup, name)).toHaveProperty('wrong');
    }
  });

  it('of users have no NUL', () => {
    expect(parse(saslText, 'ü, b')).toEqual({ value: 'ü, b' });
    expect(parse(saslText, 'a\0b')).toHaveProperty('wrong');
  });
});
