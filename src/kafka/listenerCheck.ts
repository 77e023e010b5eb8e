import type { Listener } from './listenerProbe.ts';
import type { SetupProblem } from './topicCheck.ts';

/** What the listener at this address would have to be, by the settings. */
interface Expected {
  readonly address: string;
  readonly tls: boolean;
  readonly saslMechanism: string | null;
}

/** What keeps a client from ever getting on with a listener. */
export function checkListener(
  { tls, mechanisms }: Listener,
  expected: Expected,
): readonly SetupProblem[] {
  const { address, saslMechanism } = expected;
  const fatal = (sentence: string): readonly SetupProblem[] => [{ severity: 'fatal', sentence }];
  if (tls && !expected.tls) {
    return fatal(
      `KAFKA_TLS is false, but the Kafka broker at ${address} speaks TLS: set KAFKA_TLS=true, or use the port of a listener without TLS in KAFKA_BROKERS`,
    );
  }
  if (!tls && expected.tls) {
    return fatal(
      `KAFKA_TLS is true, but the Kafka broker at ${address} does not speak TLS: set KAFKA_TLS=false, or use the port of its TLS listener in KAFKA_BROKERS`,
    );
  }
  if (mechanisms === null) return [];
  if (mechanisms.length > 0 && saslMechanism === null) {
    return fatal(
      `the Kafka broker at ${address} wants a login: set KAFKA_SASL_MECHANISM to one that it offers (${mechanisms.join(', ')}), with KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD`,
    );
  }
  return [];
}
