import type { ClientConfig } from './clientTypes.ts';

/** Content of a PEM file. */
interface Pem {
  readonly text: string;
}

/** How to connect to Kafka. Its passwords and keys are secret. */
export interface KafkaConnection {
  /** Each a host with a port. */
  readonly brokers: readonly string[];
  readonly tls: boolean;
  /** Null for the authorities that the system trusts. */
  readonly ca: Pem | null;
  /** Null without a client certificate, and so the key. */
  readonly cert: Pem | null;
  readonly key: Pem | null;
  /** Null without a login, and so the next two. */
  readonly saslMechanism: string | null;
  readonly saslUsername: string | null;
  readonly saslPassword: string | null;
}

export interface KafkaMember {
  readonly connection: KafkaConnection;
  readonly group: string;
  readonly workerId: string;
  /** After how much silence the group goes on without this member. */
  readonly sessionMs: number;
}

/** For the administrative client too, which takes no settings of consumers. */
export function connectionConfig(connection: KafkaConnection, workerId: string): ClientConfig {
  const { brokers, tls, ca, cert, key, saslMechanism, saslUsername, saslPassword } = connection;
  const hasLogin = saslMechanism !== null && saslUsername !== null && saslPassword !== null;
  return {
    'bootstrap.servers': brokers.join(','),
    'client.id': workerId,
    'security.protocol': `${hasLogin ? 'sasl_' : ''}${tls ? 'ssl' : 'plaintext'}`,
    ...(tls && ca !== null && { 'ssl.ca.pem': ca.text }),
    ...(tls && cert !== null && key !== null && sslClient(cert.text, key.text)),
    ...(hasLogin && {
      'sasl.mechanisms': saslMechanism,
      'sasl.username': saslUsername,
      'sasl.password': saslPassword,
    }),
    // A connection that is dead in silence costs one of these, not a minute.
    'socket.timeout.ms': REQUEST_MS,
    'socket.connection.setup.timeout.ms': REQUEST_MS,
    'socket.keepalive.enable': true,
    'reconnect.backoff.max.ms': 5_000,
    'enable.metrics.push': false,
  };
}

const REQUEST_MS = 10_000;

const sslClient = (cert: string, key: string): ClientConfig => ({
  'ssl.certificate.pem': cert,
  'ssl.key.pem': key,
});

/** Each poll renews the right to its partitions. Never less than the session, or the client refuses both. */
const POLL_WITHIN_MS = 60_000;

export interface ConsumerConfig {
  readonly global: ClientConfig;
  readonly topic: ClientConfig;
}

/** Contains secrets: not for a log. */
export function consumerConfig({
  connection,
  group,
  workerId,
  sessionMs,
}: KafkaMember): ConsumerConfig {
  return {
    global: {
      ...connectionConfig(connection, workerId),
      'group.id': group,
      // With the newer protocol the broker sets the session timeout, and a member that is cut off fetches on.
      'group.protocol': 'classic',
      'partition.assignment.strategy': 'cooperative-sticky',
      'session.timeout.ms': sessionMs,
      'heartbeat.interval.ms': Math.min(Math.floor(sessionMs / 5), 1_000),
      'max.poll.interval.ms': Math.max(POLL_WITHIN_MS, sessionMs),
      'enable.auto.commit': false,
      'enable.auto.offset.store': false,
      'allow.auto.create.topics': false,
      'queued.min.messages': 2_000,
      // Outside the heap: 64 MB by default.
      'queued.max.messages.kbytes': 16_384,
      // The default, a second, stalls small queues.
      'fetch.queue.backoff.ms': 10,
      // After so long at most, partitions that were added to the topic are read.
      'topic.metadata.refresh.interval.ms': 30_000,
    },
    topic: { 'auto.offset.reset': 'error' },
  };
}
