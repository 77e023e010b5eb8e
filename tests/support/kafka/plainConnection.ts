import type { KafkaConnection } from '../../../src/kafka/clientConfig.ts';

/** Of a connection without TLS and without a login. */
export const plainConnection: Omit<KafkaConnection, 'brokers'> = {
  ...{ tls: false, ca: null, cert: null, key: null },
  ...{ saslMechanism: null, saslUsername: null, saslPassword: null },
};
