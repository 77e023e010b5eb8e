import { describe, expect, it } from '@jest/globals';
import { explainFailure } from '../../../src/kafka/clientErrors.ts';
import { codeOf, codes } from '../../../src/kafka/errorCodes.ts';

const named = { topic: 'sms', group: 'workers' };
const explain = (error: unknown, log: readonly string[] = []) => explainFailure(error, log, named);

/** As the client logs what ended a connection. */
const line = (text: string, where = 'ssl://kafka:9093/bootstrap'): string =>
  `[thrd:${where}]: ${where}: ${text} (after 5ms in state CONNECT)`;

describe('the code of an error', () => {
  it('is its own, or that of its text', () => {
    expect(codeOf({ code: -169, message: 'whatever' })).toBe(-169);
    // As `event.error` brings it.
    expect(codeOf({ code: -1, message: 'authentication failure' })).toBe(-169);
    expect(codeOf(new Error('Local: Authentication failure'))).toBe(-169);
    expect(codeOf(new Error('Broker: Group authorization failed'))).toBe(30);
  });

  it.each([
    null,
    undefined,
    'text',
    7,
    {},
    new Error('ssl.ca.pem failed'),
    { code: -1, message: 7 },
  ])('is none of %j', (error) => {
    expect(codeOf(error)).toBeNull();
  });
});

describe('what lasts until somebody changes something', () => {
  it.each([
    [codes.authentication, /KAFKA_SASL_MECHANISM, KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD/],
    [codes.saslAuthenticationFailed, /KAFKA_SASL_USERNAME/],
    [codes.unsupportedSaslMechanism, /KAFKA_SASL_MECHANISM/],
    [codes.illegalSaslState, /KAFKA_SASL_MECHANISM/],
    [codes.ssl, /KAFKA_TLS, KAFKA_CA_FILE, KAFKA_CERT_FILE and KAFKA_KEY_FILE/],
    [codes.unknownTopic, /^KAFKA_TOPIC is sms, which does not exist: .* create the topic/],
    [codes.unknownTopicOrPartition, /^KAFKA_TOPIC is sms/],
    [codes.invalidTopic, /^KAFKA_TOPIC is sms/],
    [codes.topicAuthorizationFailed, /grant READ and DESCRIBE on topic sms/],
    [codes.groupAuthorizationFailed, /grant READ and DESCRIBE on group workers/],
    [codes.clusterAuthorizationFailed, /grant DESCRIBE/],
    [codes.inconsistentGroupProtocol, /^KAFKA_GROUP is workers, whose members/],
    [codes.invalidGroupId, /^KAFKA_GROUP is workers/],
    [codes.invalidSessionTimeout, /^Kafka refuses LEASE_TTL .* group\.min\.session\.timeout\.ms/],
    [codes.unsupportedVersion, /too old/],
    [codes.unsupportedFeature, /too old/],
  ])('has code %d', (code, sentence) => {
    expect(explain({ code, message: 'x' })).toEqual({
      isFatal: true,
      sentence: expect.stringMatching(sentence),
    });
  });

  it.each([
    [
      'a refused login',
      'SASL authentication error: Authentication failed during authentication due to invalid credentials with SASL mechanism SCRAM-SHA-512',
      /^Kafka refuses KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD: correct them/,
    ],
    [
      'a mechanism that is not enabled',
      "SASL SCRAM-SHA-512 mechanism handshake failed: Broker: Unsupported SASL mechanism: broker's supported mechanisms: PLAIN,SCRAM-SHA-256",
      /^KAFKA_SASL_MECHANISM is SCRAM-SHA-512, .* one that is \(PLAIN, SCRAM-SHA-256\)/,
    ],
    [
      'no mechanism at all',
      "SASL PLAIN mechanism handshake failed: Broker: Unsupported SASL mechanism: broker's supported mechanisms: ",
      /one that is \(none there\)/,
    ],
    [
      'a listener without a login',
      "SASL PLAIN mechanism handshake failed: Broker: Request not valid in current SASL state: broker's supported mechanisms: ",
      /^KAFKA_SASL_MECHANISM is set, but .* remove it/,
    ],
    [
      'an unknown authority',
      'SSL handshake failed: error:0A000086:SSL routines::certificate verify failed: broker certificate could not be verified, verify that ssl.ca.location is correctly configured or root CA certificates are installed (install ca-certificates package)',
      /^the certificate of a Kafka broker .* KAFKA_CA_FILE, .* advertised\.listeners$/,
    ],
    [
      'a missing client certificate',
      'SSL handshake failed: error:0A00045C:SSL routines::tlsv13 alert certificate required: SSL alert number 116',
      /KAFKA_CERT_FILE, and its key in KAFKA_KEY_FILE$/,
    ],
    [
      'a server that does not speak TLS',
      'SSL handshake failed: error:0A00010B:SSL routines::wrong version number',
      /^KAFKA_TLS is true, .* set KAFKA_TLS=false/,
    ],
  ])('may be told by the log only: %s', (_, text, sentence) => {
    const expected = { isFatal: true, sentence: expect.stringMatching(sentence) };
    for (const code of [codes.transport, codes.allBrokersDown, codes.timedOut]) {
      expect(explain({ code, message: 'x' }, [line(text), line('Disconnected')])).toEqual(expected);
    }
    expect(explain(new Error('Local: All broker connections are down'), [line(text)])).toEqual(
      expected,
    );
  });

  it('is told by the last reason in the log', () => {
    const credentials = line('SASL authentication error: no');
    const authority = line('SSL handshake failed: certificate verify failed');
    const down = { code: codes.allBrokersDown, message: '' };
    expect(explain(down, [credentials, authority]).sentence).toContain('KAFKA_CA_FILE');
    expect(explain(down, [authority, credentials]).sentence).toContain('KAFKA_SASL_USERNAME');
  });

  it('is not mistaken for what else was logged', () => {
    const authority = line('SSL handshake failed: certificate verify failed');
    const login = { code: codes.authentication, message: '' };
    expect(explain(login, [authority]).sentence).toContain('KAFKA_SASL_USERNAME');
    const right = { code: codes.topicAuthorizationFailed, message: '' };
    expect(explain(right, [authority]).sentence).toContain('grant READ');
    const slow = { code: codes.maxPollExceeded, message: 'x' };
    expect(explain(slow, [authority])).toMatchObject({ isFatal: false });
  });
});

describe('what passes', () => {
  it.each([
    [codes.transport, 'a Kafka broker can not be reached'],
    [codes.resolve, 'the name of a Kafka broker has no address'],
    [codes.allBrokersDown, 'no Kafka broker can be reached'],
    [codes.timedOut, 'Kafka does not answer in time'],
    [codes.coordinatorLoading, 'the Kafka broker that coordinates the consumer group is not ready'],
    [codes.fatal, 'Kafka does not answer: x'],
    [codes.maxPollExceeded, 'Kafka does not answer: x'],
    [codes.autoOffsetReset, 'Kafka does not answer: x'],
    [-1, 'Kafka does not answer: x'],
    [7, 'Kafka does not answer: x'],
    [-99_999, 'Kafka does not answer: x'],
  ])('has code %d', (code, sentence) => {
    expect(explain({ code, message: 'x' })).toEqual({ isFatal: false, sentence });
  });

  it('is shown with what the log says of the connection', () => {
    const log = [
      line('Connect to ipv4#127.0.0.1:9092 failed: Connection refused', 'kafka:9092/bootstrap'),
      '[thrd:main]: something else',
    ];
    expect(explain({ code: codes.allBrokersDown, message: '' }, log)).toEqual({
      isFatal: false,
      sentence:
        'no Kafka broker can be reached (kafka:9092/bootstrap: Connect to ipv4#127.0.0.1:9092 failed: Connection refused)',
    });
  });

  it.each([
    [
      'Disconnected while requesting ApiVersion: might be caused by incorrect security.protocol configuration (connecting to a SSL listener?) or broker version is < 0.10 (see api.version.request)',
      /if that lasts, it expects TLS \(set KAFKA_TLS=true\)/,
    ],
    [
      'SSL handshake failed: Disconnected: connection closed by peer: connecting to a PLAINTEXT broker listener?',
      /if that lasts, .* \(set KAFKA_TLS=false/,
    ],
    [
      'Disconnected: verify that security.protocol is correctly configured, broker might require SASL authentication',
      /if that lasts, it expects a login \(set KAFKA_SASL_MECHANISM\)/,
    ],
  ])('is a connection that ends, which may be a stopping broker: %s', (text, sentence) => {
    expect(explain({ code: codes.transport, message: '' }, [line(text)])).toEqual({
      isFatal: false,
      sentence: expect.stringMatching(sentence),
    });
  });

  it('is what nobody can explain', () => {
    expect(explain('odd')).toEqual({ isFatal: false, sentence: 'Kafka does not answer: odd' });
    expect(explain(undefined)).toMatchObject({ isFatal: false });
    expect(explain(null)).toMatchObject({ isFatal: false });
  });
});
