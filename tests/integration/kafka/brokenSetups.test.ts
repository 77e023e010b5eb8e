import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createAuthority, type Authority } from '../../support/certificates.ts';
import { cliWith } from '../../support/cli.ts';
import { useEndToEnd } from '../../support/endToEnd.ts';
import { runWithoutClient } from '../../support/kafka/installWithoutClient.ts';
import { connectorMessage, spoiltMessages } from '../../support/kafka/spoiltTopics.ts';
import { produce } from '../../support/kafka/topicMessages.ts';
import { useBroker } from '../../support/kafka/useBroker.ts';
import { until } from '../../support/until.ts';

const e2e = useEndToEnd(import.meta.url);
let authority: Authority;
let stranger: Authority;

const users = ['worker', 'noTopic', 'noGroup', 'noConfigs'];
const broker = useBroker(async () => {
  authority = await createAuthority();
  stranger = await createAuthority();
  const { pemPath } = await authority.issue('IP:127.0.0.1');
  return {
    tls: { pemPath, caPath: authority.caPath },
    users: users.map((name) => ({ name, password: 'pw' })),
    authorizes: true,
    properties: {
      'listener.name.sasl_tls.sasl.enabled.mechanisms': 'SCRAM-SHA-512',
      'group.max.session.timeout.ms': '10000',
    },
  };
});

type Settings = Readonly<Record<string, string>>;

beforeAll(async () => {
  const { admin, bootstrap, grant } = broker();
  const partitions = 3;
  const { database } = e2e().servers;
  const spoilt = spoiltMessages(database);
  for (const topic of ['sms', ...Object.keys(spoilt)]) await admin.create(topic, { partitions });
  await admin.create('single', { partitions: 1 });
  await admin.create('compacted', { partitions, config: { 'cleanup.policy': 'compact' } });
  await produce(bootstrap, 'sms', [connectorMessage(database)]);
  for (const [topic, message] of Object.entries(spoilt)) {
    await produce(bootstrap, topic, [message]);
  }
  const topicRights = ['--operation=Read', '--operation=Describe', '--topic=sms'];
  const configs = ['--operation=DescribeConfigs', '--topic=sms'];
  const group = ['--operation=Read', '--operation=Describe', '--group=notify-on-delivery'];
  await grant('worker', [...topicRights, '--operation=DescribeConfigs']);
  await grant('worker', group);
  await grant('noTopic', group);
  await grant('noGroup', [...topicRights, ...configs]);
  await grant('noConfigs', topicRights);
  await grant('noConfigs', group);
});
afterAll(async () => {
  await authority.close();
  await stranger.close();
});

const settings = (more: Settings = {}): Settings => ({
  ...e2e().settings,
  KAFKA_BROKERS: broker().bootstrap,
  KAFKA_TOPIC: 'sms',
  ...more,
});
const bySasl = (user: string, password = 'pw', mechanism = 'SCRAM-SHA-256'): Settings => ({
  KAFKA_BROKERS: broker().saslBootstrap,
  KAFKA_SASL_MECHANISM: mechanism,
  KAFKA_SASL_USERNAME: user,
  KAFKA_SASL_PASSWORD: password,
});
const byTls = ({ caPath }: Authority = authority): Settings => ({
  ...{ KAFKA_BROKERS: broker().tlsBootstrap, KAFKA_TLS: 'true', KAFKA_CA_FILE: caPath },
});

type SetUp = readonly [what: string, says: RegExp, given: () => Settings];

const fatal: readonly SetUp[] = [
  [
    'a topic that does not exist',
    /^KAFKA_TOPIC is mms, which does not exist/,
    () => ({ KAFKA_TOPIC: 'mms' }),
  ],
  [
    'a topic that is compacted',
    /^topic compacted is compacted, .* set its cleanup\.policy to delete$/,
    () => ({ KAFKA_TOPIC: 'compacted' }),
  ],
  [
    'messages without a key',
    /\(no_key\): set output\.format\.key=json/,
    () => ({ KAFKA_TOPIC: 'keyless' }),
  ],
  [
    'messages keyed by something else',
    /\(foreign_key\): set output\.format\.key=json/,
    () => ({ KAFKA_TOPIC: 'keyed-by-account' }),
  ],
  [
    'events of another collection',
    /^topic mails has events of .*\.MailDetailDocument and not of .*\.SMSDetailDocument: /,
    () => ({ KAFKA_TOPIC: 'mails' }),
  ],
  [
    'Avro',
    /: set output\.format\.value=bson .*; Avro, .* not supported/,
    () => ({ KAFKA_TOPIC: 'avro' }),
  ],
  [
    'documents without their events',
    /: set publish\.full\.document\.only=false/,
    () => ({ KAFKA_TOPIC: 'documents-only' }),
  ],
  ['no right to read the topic', /grant READ and DESCRIBE on topic sms/, () => bySasl('noTopic')],
  [
    'no right on the group',
    /grant READ and DESCRIBE on group notify-on-delivery/,
    () => bySasl('noGroup'),
  ],
  [
    'TLS that is not expected',
    /^KAFKA_TLS is false, but the Kafka broker at .* speaks TLS/,
    () => ({ KAFKA_BROKERS: broker().tlsBootstrap }),
  ],
  [
    'TLS that is expected',
    /^KAFKA_TLS is true, but .* does not speak TLS/,
    () => ({ ...byTls(), KAFKA_BROKERS: broker().bootstrap }),
  ],
  [
    'another authority',
    /^the certificate of a Kafka broker can not be verified: .* KAFKA_CA_FILE/,
    () => byTls(stranger),
  ],
  [
    'no login',
    /^the Kafka broker at .* wants a login: set KAFKA_SASL_MECHANISM/,
    () => ({ KAFKA_BROKERS: broker().saslBootstrap }),
  ],
  [
    'a wrong password',
    /^Kafka refuses KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD/,
    () => bySasl('worker', 'wr0ng-pass-word'),
  ],
  [
    'a mechanism that is not enabled',
    /^KAFKA_SASL_MECHANISM is PLAIN, which is not enabled .*\(SCRAM-SHA-512\)/,
    () => ({
      ...byTls(),
      ...bySasl('worker', 'pw', 'PLAIN'),
      KAFKA_BROKERS: broker().saslTlsBootstrap,
    }),
  ],
];

async function kafkaFindings(more: Settings) {
  const end = await cliWith(settings(more), 'check', '--json');
  const { findings } = end.json() as { findings: Readonly<Record<string, string>>[] };
  return findings.filter((each) => each['check'] === 'kafka');
}

describe('a set-up that is broken', () => {
  it.each(fatal)('is named by check: %s', async (_, says, given) => {
    const findings = await kafkaFindings(given());
    expect(findings.at(-1)).toEqual({
      check: 'kafka',
      status: 'failed',
      detail: expect.stringMatching(says),
    });
  });

  it.each(fatal.filter(([what]) => /compacted|not exist|password|Avro/.test(what)))(
    'keeps a worker from starting, with that sentence: %s',
    async (_, says, given) => {
      const worker = e2e().startWorker(settings(given()));
      expect(await worker.exit).toEqual({ code: 78, signal: null });
      const line = worker.lines.find(({ event }) => event === 'start_failed');
      expect(sentenceOf(line?.['error'])).toMatch(says);
      expect(worker.output()).not.toContain('wr0ng-pass-word');
    },
  );

  it('may be a session timeout that the brokers refuse when the worker joins', async () => {
    const worker = e2e().startWorker(settings({ LEASE_TTL: '20s' }));
    expect(await worker.exit).toEqual({ code: 78, signal: null });
    const line = worker.lines.find(({ event }) => event === 'start_failed');
    expect(sentenceOf(line?.['error'])).toMatch(/^Kafka refuses LEASE_TTL as session timeout: /);
  });

  it('may be that the client is not installed', async () => {
    const { code, stdout } = await runWithoutClient(settings());
    expect(code).toBe(78);
    expect(stdout).toMatch(
      /KAFKA_BROKERS is set, .* not installed: .*\(npm install .*@confluentinc/,
    );
  });
});

/** As it is in the log. */
function sentenceOf(error: unknown): string {
  return typeof error === 'string' ? error : String((error as { message?: unknown }).message);
}

const doubtful: readonly SetUp[] = [
  [
    'one partition',
    /^topic single has one partition.*: add partitions/,
    () => ({ KAFKA_TOPIC: 'single' }),
  ],
  [
    'no right to read the settings',
    /grant DESCRIBE_CONFIGS on it, so that a compacted topic is noticed$/,
    () => bySasl('noConfigs'),
  ],
];

describe('a set-up that works for now', () => {
  it.each(doubtful)('is warned of: %s', async (_, says, given) => {
    expect(await kafkaFindings(given())).toEqual([
      { check: 'kafka', status: 'note', detail: expect.stringMatching(says) },
      expect.objectContaining({ status: 'ok' }),
    ]);
  });

  it.each<[string, () => Settings]>([
    ['in the clear', () => ({})],
    ['by TLS', () => byTls()],
    ['by a login', () => bySasl('worker')],
    [
      'by both',
      () => ({
        ...byTls(),
        ...bySasl('worker', 'pw', 'SCRAM-SHA-512'),
        KAFKA_BROKERS: broker().saslTlsBootstrap,
      }),
    ],
  ])('is found to be right: %s', async (_, given) => {
    expect(await kafkaFindings(given())).toEqual([expect.objectContaining({ status: 'ok' })]);
  });
});

describe('what a worker waits for', () => {
  it('is a broker that is away, which it names', async () => {
    const worker = e2e().startWorker(settings({ KAFKA_BROKERS: '127.0.0.1:1' }));
    const says = /Kafka does not answer in time.*127\.0\.0\.1:1/;
    await until('it is said', async () => {
      const probe = await worker.probe('/readyz');
      return probe?.status === 503 && says.test(JSON.stringify(probe.body));
    });
    expect(await worker.stop()).toEqual({ code: 0, signal: null });
  });
});
