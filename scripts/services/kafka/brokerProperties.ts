/** Where the broker listens; the admin's listener has no protection, and who comes by it may do everything. */
export interface BrokerPorts {
  readonly admin: number;
  readonly controller: number;
  readonly tls: number;
  readonly saslTls: number;
  readonly sasl: number;
}

interface BrokerTls {
  /** Key and certificate in one PEM file. */
  readonly pemPath: string;
  /** Of the authority that signed it, and clients' certificates. */
  readonly caPath: string;
  /** Whether clients must show a certificate on the listener for TLS alone. */
  readonly needsClientCertificate?: boolean;
}

export interface BrokerUser {
  readonly name: string;
  readonly password: string;
}

export interface BrokerOptions {
  /** Of a topic whose creator doesn't say; 12 by default. */
  readonly partitions?: number;
  /** Adds a listener with TLS, and with `users` one with TLS and SASL. */
  readonly tls?: BrokerTls;
  /** Who may log in by SASL: with PLAIN, SCRAM-SHA-256 and SCRAM-SHA-512. Adds a listener with SASL alone. */
  readonly users?: readonly BrokerUser[];
  /** `users` who log in with SASL, and those with TLS, then have only the rights that `grant` gives them. */
  readonly authorizes?: boolean;
  /** Further properties of the broker, such as `log.retention.check.interval.ms`. */
  readonly properties?: Readonly<Record<string, string>>;
}

/** Replicas are one, threads few, and nothing waits for members that might still come. */
const small: Readonly<Record<string, string>> = {
  'offsets.topic.replication.factor': '1',
  'offsets.topic.num.partitions': '1',
  'transaction.state.log.replication.factor': '1',
  'transaction.state.log.min.isr': '1',
  'transaction.state.log.num.partitions': '1',
  'share.coordinator.state.topic.replication.factor': '1',
  'share.coordinator.state.topic.min.isr': '1',
  'group.initial.rebalance.delay.ms': '0',
  'group.min.session.timeout.ms': '500',
  'auto.create.topics.enable': 'false',
  'num.network.threads': '2',
  'num.io.threads': '2',
  'num.replica.fetchers': '1',
  'background.threads': '2',
  'log.cleaner.dedupe.buffer.size': '4194304',
};

const mechanisms = ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'];

/** The file of properties of one node that is both broker and controller. */
export function brokerProperties(
  data: string,
  ports: BrokerPorts,
  { partitions = 12, tls, users = [], authorizes = false, properties = {} }: BrokerOptions,
): string {
  const listeners = [
    ['ADMIN', 'PLAINTEXT', ports.admin] as const,
    ...(tls === undefined ? [] : [['TLS', 'SSL', ports.tls] as const]),
    ...(users.length === 0 ? [] : [['SASL', 'SASL_PLAINTEXT', ports.sasl] as const]),
    ...(tls === undefined || users.length === 0
      ? []
      : [['SASL_TLS', 'SASL_SSL', ports.saslTls] as const]),
  ];
  const address = (name: string, port: number): string => `${name}://127.0.0.1:${port}`;
  const advertised = listeners.map(([name, , port]) => address(name, port));
  const protocols = listeners.map(([name, protocol]) => `${name}:${protocol}`);
  return toText({
    'node.id': '1',
    'process.roles': 'broker,controller',
    'controller.quorum.voters': `1@127.0.0.1:${ports.controller}`,
    'controller.listener.names': 'CONTROLLER',
    'inter.broker.listener.name': 'ADMIN',
    listeners: [...advertised, address('CONTROLLER', ports.controller)].join(','),
    'advertised.listeners': advertised.join(','),
    'listener.security.protocol.map': [...protocols, 'CONTROLLER:PLAINTEXT'].join(','),
    'log.dirs': data,
    'num.partitions': String(partitions),
    ...small,
    ...(tls === undefined ? {} : tlsProperties(tls)),
    ...(users.length === 0 ? {} : saslProperties(users)),
    ...(authorizes ? authorizer : {}),
    ...properties,
  });
}

const authorizer = {
  'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
  'super.users': 'User:ANONYMOUS',
};

function tlsProperties({ pemPath, caPath, needsClientCertificate = false }: BrokerTls) {
  return {
    'ssl.keystore.type': 'PEM',
    'ssl.keystore.location': pemPath,
    'ssl.truststore.type': 'PEM',
    'ssl.truststore.location': caPath,
    'listener.name.tls.ssl.client.auth': needsClientCertificate ? 'required' : 'requested',
    'listener.name.sasl_tls.ssl.client.auth': 'none',
  };
}

function saslProperties(users: readonly BrokerUser[]): Readonly<Record<string, string>> {
  const known = users.map(({ name, password }) => `user_${name}="${password}"`).join(' ');
  const plain = `org.apache.kafka.common.security.plain.PlainLoginModule required ${known};`;
  const scram = 'org.apache.kafka.common.security.scram.ScramLoginModule required;';
  const modules = mechanisms.flatMap((mechanism) =>
    ['sasl', 'sasl_tls'].map((listener): [string, string] => [
      `listener.name.${listener}.${mechanism.toLowerCase()}.sasl.jaas.config`,
      mechanism === 'PLAIN' ? plain : scram,
    ]),
  );
  return { 'sasl.enabled.mechanisms': mechanisms.join(','), ...Object.fromEntries(modules) };
}

/** As Java reads it: a backslash starts an escape. */
export function toText(properties: Readonly<Record<string, string>>): string {
  return Object.entries(properties)
    .map(([name, value]) => `${name}=${value.replaceAll('\\', '\\\\')}\n`)
    .join('');
}
