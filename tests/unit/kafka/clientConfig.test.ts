import { describe, expect, it } from '@jest/globals';
import {
  connectionConfig,
  consumerConfig,
  type KafkaConnection,
} from '../../../src/kafka/clientConfig.ts';
import { plainConnection } from '../../support/kafka/plainConnection.ts';

const plain: KafkaConnection = {
  ...plainConnection,
  brokers: ['kafka-1:9092', '[::1]:9093'],
};
const tls = { ...plain, tls: true };
const login = { saslMechanism: 'SCRAM-SHA-512', saslUsername: 'worker', saslPassword: 'pw' };
const member = { connection: plain, group: 'workers', workerId: 'host:7', sessionMs: 15_000 };

describe('how the client connects', () => {
  it('is to all brokers, as this worker', () => {
    expect(connectionConfig(plain, 'host:7')).toMatchObject({
      'bootstrap.servers': 'kafka-1:9092,[::1]:9093',
      'client.id': 'host:7',
      'security.protocol': 'plaintext',
    });
  });

  it('has no settings of TLS or a login without them', () => {
    const names = Object.keys(connectionConfig(plain, 'w'));
    expect(names.filter((name) => /^(?:ssl|sasl)\./.test(name))).toEqual([]);
  });

  it.each([
    ['plaintext', plain],
    ['ssl', tls],
    ['sasl_plaintext', { ...plain, ...login }],
    ['sasl_ssl', { ...tls, ...login }],
  ])('is by %s', (protocol, connection) => {
    expect(connectionConfig(connection, 'w')).toHaveProperty(['security.protocol'], protocol);
  });

  it('has the content of the files, as they were read', () => {
    const files = { ca: { text: 'CA' }, cert: { text: 'CERT' }, key: { text: 'KEY' } };
    expect(connectionConfig({ ...tls, ...files }, 'w')).toMatchObject({
      'ssl.ca.pem': 'CA',
      'ssl.certificate.pem': 'CERT',
      'ssl.key.pem': 'KEY',
    });
  });

  it('has the login', () => {
    expect(connectionConfig({ ...plain, ...login }, 'w')).toMatchObject({
      'sasl.mechanisms': 'SCRAM-SHA-512',
      'sasl.username': 'worker',
      'sasl.password': 'pw',
    });
  });
});

describe('the consumer', () => {
  it('is a member that hands over what it has, and never goes on by itself', () => {
    const { global, topic } = consumerConfig(member);
    expect(global).toMatchObject({
      ...connectionConfig(plain, 'host:7'),
      'group.id': 'workers',
      'group.protocol': 'classic',
      'partition.assignment.strategy': 'cooperative-sticky',
      'session.timeout.ms': 15_000,
      'heartbeat.interval.ms': 1_000,
      'max.poll.interval.ms': 60_000,
      'enable.auto.commit': false,
      'enable.auto.offset.store': false,
      'allow.auto.create.topics': false,
      'queued.min.messages': 2_000,
      'queued.max.messages.kbytes': 16_384,
      'fetch.queue.backoff.ms': 10,
      'topic.metadata.refresh.interval.ms': 30_000,
    });
    expect(topic).toEqual({ 'auto.offset.reset': 'error' });
    expect(global).not.toHaveProperty(['auto.offset.reset']);
  });

  it.each([
    [1_000, 200, 60_000],
    [5_000, 1_000, 60_000],
    [60_000, 1_000, 60_000],
    [3_600_000, 1_000, 3_600_000],
  ])('of a session of %d ms speaks every %d ms and polls within %d ms', (sessionMs, beat, poll) => {
    expect(consumerConfig({ ...member, sessionMs }).global).toMatchObject({
      'session.timeout.ms': sessionMs,
      'heartbeat.interval.ms': beat,
      'max.poll.interval.ms': poll,
    });
  });
});
