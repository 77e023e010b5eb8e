import { codeOf, codes } from './errorCodes.ts';

/** Why the client could not do something. */
export interface ClientFailure {
  /** Whether waiting can't help: somebody has to change a setting or a right. */
  readonly isFatal: boolean;
  /** For operators: what is wrong and what to do. */
  readonly sentence: string;
}

/** What sentences name. */
export interface Named {
  readonly topic: string;
  readonly group: string;
}

/**
 * @param error what the client threw, called back with or emitted
 * @param log what it has logged since it was last connected, which alone has the reasons: the error has a code at most
 */
export function explainFailure(
  error: unknown,
  log: readonly string[],
  named: Named,
): ClientFailure {
  const code = codeOf(error);
  const fatal = code === null ? undefined : fatalByCode.get(code);
  if (fatal !== undefined) return { isFatal: true, sentence: fatal(named, log) };
  const logged = findLast(log, reasons);
  if (logged !== null && (code === null || failsToConnect.has(code))) return logged;
  const waiting = code === null ? undefined : transientByCode.get(code);
  const said = waiting ?? `Kafka does not answer: ${textOf(error)}`;
  const reason = code !== null && failsToConnect.has(code) ? lastFailure(log) : null;
  return { isFatal: false, sentence: reason === null ? said : `${said} (${reason})` };
}

/** Behind these may be anything that the log has a reason for. */
const failsToConnect: ReadonlySet<number> = new Set([
  codes.transport,
  codes.resolve,
  codes.allBrokersDown,
  codes.timedOut,
]);

type Say = (named: Named, log: readonly string[]) => string;

const noSuchTopic: Say = ({ topic }) =>
  `KAFKA_TOPIC is ${topic}, which does not exist: correct it, or create the topic (the workers never do) and start the connector`;
const badLogin: Say = (_, log) => findLast(log, loginReasons)?.sentence ?? loginRefused;
const tooOld: Say = () =>
  'the Kafka brokers are too old for this client: update them to 2.4 or newer';

/** Each of these lasts until somebody changes something. */
const fatalByCode: ReadonlyMap<number, Say> = new Map<number, Say>([
  [codes.authentication, badLogin],
  [codes.saslAuthenticationFailed, badLogin],
  [codes.unsupportedSaslMechanism, badLogin],
  [codes.illegalSaslState, badLogin],
  [codes.ssl, (_, log) => findLast(log, tlsReasons)?.sentence ?? tlsRefused],
  [codes.unknownTopic, noSuchTopic],
  [codes.unknownTopicOrPartition, noSuchTopic],
  [codes.invalidTopic, ({ topic }) => `KAFKA_TOPIC is ${topic}, which Kafka refuses: correct it`],
  [
    codes.topicAuthorizationFailed,
    ({ topic }) =>
      `the Kafka user lacks a right: grant READ and DESCRIBE on topic ${topic} (docs/kafka.md has all rights)`,
  ],
  [
    codes.groupAuthorizationFailed,
    ({ group }) =>
      `the Kafka user lacks a right: grant READ and DESCRIBE on group ${group}, or set KAFKA_GROUP to a group it may join (docs/kafka.md has all rights)`,
  ],
  [
    codes.clusterAuthorizationFailed,
    () =>
      'the Kafka user lacks a right on the cluster: grant DESCRIBE on it (docs/kafka.md has all rights)',
  ],
  [
    codes.inconsistentGroupProtocol,
    ({ group }) =>
      `KAFKA_GROUP is ${group}, whose members use another protocol: stop them, or set KAFKA_GROUP to a group that only these workers use`,
  ],
  [codes.invalidGroupId, ({ group }) => `KAFKA_GROUP is ${group}, which Kafka refuses: correct it`],
  [
    codes.invalidSessionTimeout,
    () =>
      'Kafka refuses LEASE_TTL as session timeout: set it between group.min.session.timeout.ms and group.max.session.timeout.ms of the brokers (by default 6s and 30m)',
  ],
  [codes.unsupportedVersion, tooOld],
  [codes.unsupportedFeature, tooOld],
]);

const coordinatorAway = 'the Kafka broker that coordinates the consumer group is not ready';

const transientByCode: ReadonlyMap<number, string> = new Map([
  [codes.transport, 'a Kafka broker can not be reached'],
  [codes.resolve, 'the name of a Kafka broker has no address'],
  [codes.allBrokersDown, 'no Kafka broker can be reached'],
  [codes.timedOut, 'Kafka does not answer in time'],
  [codes.coordinatorLoading, coordinatorAway],
  [codes.coordinatorNotAvailable, coordinatorAway],
  [codes.notCoordinator, coordinatorAway],
  [
    codes.groupMaxSizeReached,
    'the consumer group has as many members as group.max.size of the brokers allows: this worker joins when another leaves',
  ],
]);

interface Reason {
  readonly pattern: RegExp;
  readonly isFatal: boolean;
  sentence(found: RegExpExecArray): string;
}

const loginRefused =
  'Kafka refuses the login: correct KAFKA_SASL_MECHANISM, KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD';

const loginReasons: readonly Reason[] = [
  {
    pattern: /mechanism handshake failed: Broker: Request not valid in current SASL state/,
    isFatal: true,
    sentence: () =>
      'KAFKA_SASL_MECHANISM is set, but a Kafka broker takes no login at this address: remove it, or use the port of a listener with SASL in KAFKA_BROKERS',
  },
  {
    pattern: /SASL (\S+) mechanism handshake failed: .*supported mechanisms: ([\w, -]*)/,
    isFatal: true,
    sentence: ([, mechanism, offered]) =>
      `KAFKA_SASL_MECHANISM is ${mechanism}, which is not enabled at the broker: set it to one that is (${offered?.replaceAll(/,(?=\S)/g, ', ').trim() || 'none there'}), or enable it in sasl.enabled.mechanisms`,
  },
  {
    pattern: /SASL authentication error: /,
    isFatal: true,
    sentence: () =>
      'Kafka refuses KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD: correct them, or create the user for that mechanism',
  },
];

const tlsRefused =
  'TLS with a Kafka broker fails: check KAFKA_TLS, KAFKA_CA_FILE, KAFKA_CERT_FILE and KAFKA_KEY_FILE';

const tlsReasons: readonly Reason[] = [
  {
    pattern: /certificate verify failed|certificate could not be verified/,
    isFatal: true,
    sentence: () =>
      'the certificate of a Kafka broker can not be verified: name the file of the authority that signed it in KAFKA_CA_FILE, and see that brokers are named as in their certificates, in KAFKA_BROKERS and in advertised.listeners',
  },
  {
    pattern:
      /client SSL authentication might be required|alert certificate required|SSL alert number (?:42|43|46|48|116)\b|alert (?:bad certificate|unknown ca)/i,
    isFatal: true,
    sentence: () =>
      'a Kafka broker wants another client certificate: name one that it trusts in KAFKA_CERT_FILE, and its key in KAFKA_KEY_FILE',
  },
  {
    pattern: /wrong version number|packet length too long|http request/,
    isFatal: true,
    sentence: () =>
      'KAFKA_TLS is true, but a Kafka broker does not speak TLS at this address: set KAFKA_TLS=false, or use the port of its TLS listener in KAFKA_BROKERS',
  },
];

/** A broker that is stopping ends connections in the same way: no reason to give up. */
const suspicions: readonly Reason[] = [
  {
    pattern: /connecting to a SSL listener\?/,
    isFatal: false,
    sentence: () =>
      'a Kafka broker ends each connection at once: if that lasts, it expects TLS (set KAFKA_TLS=true), or the port in KAFKA_BROKERS is not that of Kafka',
  },
  {
    pattern: /connecting to a PLAINTEXT broker listener\?/,
    isFatal: false,
    sentence: () =>
      'a Kafka broker ends each TLS handshake: if that lasts, it does not speak TLS at this address (set KAFKA_TLS=false, or use the port of its TLS listener)',
  },
  {
    pattern: /broker might require SASL authentication/,
    isFatal: false,
    sentence: () =>
      'a Kafka broker ends each connection: if that lasts, it expects a login (set KAFKA_SASL_MECHANISM)',
  },
];

const reasons = [...loginReasons, ...tlsReasons, ...suspicions];

function findLast(log: readonly string[], among: readonly Reason[]): ClientFailure | null {
  for (const line of log.toReversed()) {
    for (const { pattern, isFatal, sentence } of among) {
      const found = pattern.exec(line);
      if (found !== null) return { isFatal, sentence: sentence(found) };
    }
  }
  return null;
}

/** A line reads `[thrd:kafka:9092/bootstrap]: kafka:9092/bootstrap: Connect to ipv4#… failed: … (after 0ms in state …)`. */
function lastFailure(log: readonly string[]): string | null {
  const line = log.findLast((each) => /failed|Disconnected|disconnect/i.test(each));
  return line?.replace(/^\[thrd:[^\]]*\]: /, '').replace(/ \(after \d+ms in state.*$/, '') ?? null;
}

function textOf(error: unknown): string {
  return Error.isError(error) || (typeof error === 'object' && error !== null && 'message' in error)
    ? String((error as { readonly message: unknown }).message)
    : String(error);
}
