import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { loadKafkaClient, type LoadedClient } from '../../../src/kafka/client.ts';
import type { KafkaConnection } from '../../../src/kafka/clientConfig.ts';
import type { KafkaConsumer } from '../../../src/kafka/clientTypes.ts';
import { checkKafka, type KafkaPreflight } from '../../../src/kafka/preflight.ts';
import { createAuthority, type Authority, type Identity } from '../../support/certificates.ts';
import { produce } from '../../support/kafka/topicMessages.ts';
import { useBroker } from '../../support/kafka/useBroker.ts';
import { until } from '../../support/until.ts';
import { plainConnection as plain } from '../../support/kafka/plainConnection.ts';

let authority: Authority;
let trusted: Identity;
let client: LoadedClient;

const broker = useBroker(async () => {
  authority = await createAuthority();
  trusted = await authority.issue('IP:127.0.0.1', { commonName: 'worker' });
  const { pemPath } = await authority.issue('IP:127.0.0.1,DNS:localhost');
  return {
    tls: { pemPath, caPath: authority.caPath, needsClientCertificate: true },
    users: [{ name: 'worker', password: 'pw' }],
    authorizes: true,
    properties: { 'listener.name.sasl_tls.sasl.enabled.mechanisms': 'SCRAM-SHA-512' },
  };
});

const login = { saslMechanism: 'SCRAM-SHA-512', saslUsername: 'worker', saslPassword: 'pw' };
const pem = (path: string): { text: string } => ({ text: readFileSync(path, 'utf8') });
const trust = () => ({ ...plain, tls: true, ca: pem(authority.caPath) });
const identity = () => ({ cert: pem(trusted.certPath), key: pem(trusted.keyPath) });

async function check(
  connection: KafkaConnection,
  more: Partial<KafkaPreflight> = {},
): Promise<readonly string[]> {
  const found = await checkKafka({
    ...{ client, connection, workerId: 'host:7', topic: 'sms', group: 'workers' },
    ...{ namespace: 'central.SMSDetailDocument', rememberMs: 259_200_000 },
    contentOf: () => ({ kind: 'change' }),
    partitionOf: (key) => Number(Buffer.from(key).toString()),
    ...more,
  });
  return found.map(({ severity, sentence }) => `${severity}: ${sentence}`);
}
const open = (): KafkaConnection => ({ ...plain, brokers: [broker().bootstrap] });
const beginning = (text: string): unknown => [expect.stringMatching(new RegExp(`^${text}`))];

beforeAll(async () => {
  client = await loadKafkaClient();
  await broker().admin.create('sms', { partitions: 3 });
});
afterAll(async () => await authority.close());

describe('what keeps the workers from Kafka', () => {
  it('is nothing where all is well', async () => {
    expect(await check(open())).toEqual([]);
  });

  it('is that there is no such topic', async () => {
    expect(await check(open(), { topic: 'mms' })).toEqual(
      beginning('fatal: KAFKA_TOPIC is mms, which does not exist: '),
    );
  });

  it('is that brokers can not be reached, which passes', async () => {
    const brokers = ['127.0.0.1:1', 'no-such-host.invalid:9092'];
    await expect(check({ ...plain, brokers })).rejects.toThrow(/^Kafka does not answer in time \(/);
  });

  it('is an old client', async () => {
    expect(await check(open(), { client: { ...client, version: '1.9.0' } })).toEqual(
      beginning('fatal: the client for Kafka is .* 1\\.9\\.0, which is too old'),
    );
  });

  it('is that the broker speaks TLS', async () => {
    expect(await check({ ...plain, brokers: [broker().tlsBootstrap] })).toEqual(
      beginning('fatal: KAFKA_TLS is false, but the Kafka broker at .* speaks TLS: '),
    );
  });

  it('is that the broker does not speak TLS', async () => {
    expect(await check({ ...trust(), brokers: [broker().bootstrap] })).toEqual(
      beginning('fatal: KAFKA_TLS is true, but .* set KAFKA_TLS=false'),
    );
  });

  it('is an authority that is not trusted', async () => {
    const connection = { ...trust(), ...identity(), ca: null, brokers: [broker().tlsBootstrap] };
    expect(await check(connection)).toEqual(
      beginning('fatal: the certificate of a Kafka broker can not be verified: .* KAFKA_CA_FILE'),
    );
  });

  it('is a certificate that is missing', async () => {
    expect(await check({ ...trust(), brokers: [broker().tlsBootstrap] })).toEqual(
      beginning('fatal: a Kafka broker wants another client certificate: .* KAFKA_CERT_FILE'),
    );
  });

  it('is a login that is missing', async () => {
    expect(await check({ ...plain, brokers: [broker().saslBootstrap] })).toEqual(
      beginning('fatal: the Kafka broker at .* wants a login: .*PLAIN'),
    );
  });

  it('is a login that nobody asks for', async () => {
    expect(await check({ ...open(), ...login })).toEqual(
      beginning('fatal: KAFKA_SASL_MECHANISM is set, but .* takes no login'),
    );
  });

  it.each(['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'])(
    'is a password that is refused, by %s',
    async (saslMechanism) => {
      const brokers = [broker().saslBootstrap];
      const wrong = { ...login, saslMechanism, saslPassword: 'wrong' };
      expect(await check({ ...plain, ...wrong, brokers })).toEqual(
        beginning('fatal: Kafka refuses KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD: '),
      );
    },
  );

  it('is a mechanism that is not enabled', async () => {
    const connection = { ...trust(), ...login, brokers: [broker().saslTlsBootstrap] };
    expect(await check({ ...connection, saslMechanism: 'PLAIN' })).toEqual(
      beginning('fatal: KAFKA_SASL_MECHANISM is PLAIN, .* one that is \\(SCRAM-SHA-512\\)'),
    );
  });
});

describe('the rights of the workers', () => {
  const asUser = (): KafkaConnection => ({
    ...plain,
    ...login,
    brokers: [broker().saslBootstrap],
  });

  it('are needed on topic and group, to describe and to read', async () => {
    await broker().admin.create('guarded', { partitions: 1 });
    await produce(broker().bootstrap, 'guarded', [{ key: '0', value: Buffer.from('x') }]);
    const missing = async (): Promise<readonly string[]> =>
      await check(asUser(), { topic: 'guarded', group: 'guarded-group' });
    expect(await missing()).toEqual(
      beginning('fatal: .* grant READ and DESCRIBE on topic guarded'),
    );
    await broker().grant('worker', ['--operation=Describe', '--topic=guarded']);
    expect(await missing()).toEqual(
      beginning('fatal: .* grant READ and DESCRIBE on group guarded-group'),
    );
    await broker().grant('worker', ['--operation=Read', '--group=guarded-group']);
    expect(await missing()).toEqual(
      beginning('fatal: .* grant READ and DESCRIBE on topic guarded'),
    );
    await broker().grant('worker', ['--operation=Read', '--topic=guarded']);
    const alone = expect.stringMatching(/^warning: topic guarded has one partition/);
    const right = expect.stringMatching(/^warning: .* grant DESCRIBE_CONFIGS on it/);
    expect(await missing()).toEqual([right, alone]);
    await broker().grant('worker', ['--operation=DescribeConfigs', '--topic=guarded']);
    expect(await missing()).toEqual([alone]);
  });
});

describe('the settings of the topic', () => {
  it('may not let messages be removed before they are read', async () => {
    const create = async (topic: string, config: Readonly<Record<string, string>>): Promise<void> =>
      await broker().admin.create(topic, { partitions: 3, config });
    await create('compacted', { 'cleanup.policy': 'compact' });
    await create('brief', { 'retention.ms': '3600000', 'max.message.bytes': '1000' });
    expect(await check(open(), { topic: 'compacted' })).toEqual(
      beginning('fatal: topic compacted is compacted, .* set its cleanup\\.policy to delete$'),
    );
    expect(await check(open(), { topic: 'brief' })).toEqual([
      expect.stringMatching(/^warning: topic brief keeps messages for 1h: .* retention\.ms/),
      expect.stringMatching(/^warning: topic brief takes messages of at most 1000 bytes/),
    ]);
  });
});

describe('the messages of the topic', () => {
  const value = Buffer.from('x');
  const create = async (topic: string): Promise<void> =>
    await broker().admin.create(topic, { partitions: 3 });

  it('are looked at from the end of each partition, by no member of the group', async () => {
    await create('sampled');
    const messages = Array.from({ length: 30 }, (_, at) => ({
      ...{ key: String(at % 2), value, partition: at % 2, timestamp: 1_700_000_000_000 + at },
    }));
    await produce(broker().bootstrap, 'sampled', messages);
    const seen: string[] = [];
    const problems = await check(open(), {
      topic: 'sampled',
      contentOf({ partition, offset, key, timestampMs }) {
        seen.push(`${partition}:${offset}:${String(key)}:${timestampMs - 1_700_000_000_000}`);
        return { kind: 'change' };
      },
    });
    expect(problems).toEqual([]);
    expect(seen.sort()).toEqual([
      ...['0:10:0:20', '0:11:0:22', '0:12:0:24', '0:13:0:26', '0:14:0:28'],
      ...['1:10:1:21', '1:11:1:23', '1:12:1:25', '1:13:1:27', '1:14:1:29'],
    ]);
    const committed = await broker().admin.committed('workers', 'sampled');
    expect(committed).toEqual([null, null, null]);
  });

  it('may not be unreadable or out of place', async () => {
    await create('spoilt');
    await produce(broker().bootstrap, 'spoilt', [{ key: '2', value, partition: 1 }]);
    expect(await check(open(), { topic: 'spoilt' })).toEqual(
      beginning('fatal: topic spoilt has messages in other partitions than their keys say: '),
    );
    const contentOf = () => ({ kind: 'unreadable', reason: 'full_document_only' }) as const;
    expect(await check(open(), { topic: 'spoilt', contentOf })).toEqual(
      beginning('fatal: .*publish\\.full\\.document\\.only=false.* offset 0 of partition 1\\)$'),
    );
  });
});

describe('the group of the workers', () => {
  async function withMember(group: string, work: () => Promise<void>): Promise<void> {
    const consumer: KafkaConsumer = new client.module.KafkaConsumer(
      {
        'bootstrap.servers': broker().bootstrap,
        'group.id': group,
        'group.protocol': 'consumer',
      },
      { 'auto.offset.reset': 'latest' },
    );
    await new Promise<void>((resolve, reject) => {
      consumer.connect({ timeout: 10_000 }, (error) => {
        if (error) reject(new Error(error.message));
        else resolve();
      });
    });
    consumer.setDefaultConsumeTimeout(100);
    try {
      consumer.subscribe(['sms']);
      await until('an assignment', async () => {
        await new Promise<void>((resolve) => {
          consumer.consume(1, () => resolve());
        });
        return consumer.assignments().length > 0;
      });
      await work();
    } finally {
      await new Promise<void>((resolve) => {
        consumer.disconnect(() => resolve());
      });
    }
  }

  it('may not have members that use the newer protocol', async () => {
    await withMember('newer', async () => {
      expect(await check(open(), { group: 'newer' })).toEqual(
        beginning('fatal: KAFKA_GROUP is newer, whose members use another protocol'),
      );
    });
    expect(await check(open(), { group: 'newer' })).toEqual([]);
  });

  it('should have no offsets of another topic', async () => {
    await broker().admin.create('other', { partitions: 1 });
    await broker().admin.commit('shared', 'other', new Map([[0, 0]]));
    expect(await check(open(), { group: 'shared' })).toEqual(
      beginning(
        'warning: KAFKA_GROUP is shared, which has offsets of other topics too \\(other\\)',
      ),
    );
  });
});
