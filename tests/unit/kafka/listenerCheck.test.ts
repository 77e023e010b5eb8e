import { describe, expect, it } from '@jest/globals';
import { checkListener } from '../../../src/kafka/listenerCheck.ts';

const address = 'kafka-1:9092';

describe('a listener', () => {
  it.each([
    [
      { tls: false, mechanisms: [] },
      { tls: false, saslMechanism: null },
    ],
    [
      { tls: true, mechanisms: [] },
      { tls: true, saslMechanism: null },
    ],
    [
      { tls: true, mechanisms: null },
      { tls: true, saslMechanism: null },
    ],
    [
      { tls: false, mechanisms: ['PLAIN'] },
      { tls: false, saslMechanism: 'PLAIN' },
    ],
    // What it refuses it says itself.
    [
      { tls: false, mechanisms: ['PLAIN'] },
      { tls: false, saslMechanism: 'SCRAM-SHA-512' },
    ],
    [
      { tls: false, mechanisms: [] },
      { tls: false, saslMechanism: 'PLAIN' },
    ],
  ])('%j is right for %j', (listener, expected) => {
    expect(checkListener(listener, { address, ...expected })).toEqual([]);
  });

  it.each([
    [
      { tls: true, mechanisms: null },
      { tls: false, saslMechanism: null },
      /^KAFKA_TLS is false, but the Kafka broker at kafka-1:9092 speaks TLS: set KAFKA_TLS=true/,
    ],
    [
      { tls: false, mechanisms: [] },
      { tls: true, saslMechanism: null },
      /^KAFKA_TLS is true, but the Kafka broker at kafka-1:9092 does not .* set KAFKA_TLS=false/,
    ],
    [
      { tls: true, mechanisms: ['PLAIN', 'SCRAM-SHA-512'] },
      { tls: true, saslMechanism: null },
      /^the Kafka broker at kafka-1:9092 wants a login: .* \(PLAIN, SCRAM-SHA-512\)/,
    ],
  ])('%j is wrong for %j', (listener, expected, sentence) => {
    expect(checkListener(listener, { address, ...expected })).toEqual([
      { severity: 'fatal', sentence: expect.stringMatching(sentence) },
    ]);
  });
});
