import { beforeAll, describe, expect, it } from '@jest/globals';
import { newSms } from '../../../scripts/harness/smsPlatform.ts';
import { keyHashOf, partitionOf } from '../../../src/domain/partitionKey.ts';
import { stateCollections } from '../../../src/mongo/database.ts';
import { createLeaseStore } from '../../../src/mongo/leases.ts';
import { createKeyExamples } from '../../../src/mongo/keyExamples.ts';
import { createMessageKeys } from '../../../src/mongo/messageKeys.ts';
import { createModeGuard } from '../../../src/mongo/modeGuard.ts';
import { createTopicMemory } from '../../../src/mongo/topicMemory.ts';
import type { TopicMemory } from '../../../src/ports/topicMemory.ts';
import { cliWith } from '../../support/cli.ts';
import { runCommand } from '../../support/commands.ts';
import { useEndToEnd } from '../../support/endToEnd.ts';
import { connectorMessage } from '../../support/kafka/spoiltTopics.ts';
import { produce } from '../../support/kafka/topicMessages.ts';
import { useBroker } from '../../support/kafka/useBroker.ts';
import { until } from '../../support/until.ts';

const e2e = useEndToEnd(import.meta.url);
const broker = useBroker();
const topic = 'sms.details';
const at = new Date(Date.now() - 60_000);

const settings = (more: Readonly<Record<string, string>> = {}): Record<string, string> => ({
  ...e2e().settings,
  KAFKA_BROKERS: broker().bootstrap,
  KAFKA_TOPIC: topic,
  ...more,
});
const away = () => settings({ KAFKA_BROKERS: '127.0.0.1:1' });

interface Told {
  readonly broken: string | null;
  readonly findings: readonly Readonly<{ check: string; status: string; detail: string }>[];
}

async function check(given: Readonly<Record<string, string>>): Promise<Told> {
  const end = await cliWith(given, 'check', '--json');
  return end.json() as unknown as Told;
}

beforeAll(async () => {
  const { admin, bootstrap } = broker();
  await admin.create(topic, { partitions: 3 });
  await admin.create('compacted', { partitions: 1, config: { 'cleanup.policy': 'compact' } });
  const message = connectorMessage(e2e().servers.database);
  await produce(bootstrap, topic, [message, message, message]);
  await admin.commit('notify-on-delivery', topic, new Map([[partition(), 1]]));
  await remember(partition(), at);
});

/** Of `sms-1`. */
function partition(): number {
  return Number(createMessageKeys().keyHashOf({ opaque: { _id: 'sms-1' } })) % 3;
}

function memory(): TopicMemory {
  return createTopicMemory({
    ...{ checkpoints: stateCollections(e2e().servers.db).checkpoints, topic, workerId: 'host:7' },
    ...{ partitions: () => 3, earliest: () => new Date(0) },
  });
}

async function remember(number: number, when: Date): Promise<void> {
  await memory().save([{ partition: number, topicId: 'its id', offset: 1, at: when }]);
}

describe('check', () => {
  it('has the topic among the links of the chain', async () => {
    const { broken, findings } = await check(settings());
    expect(broken).toBeNull();
    const links = findings.map((each) => each.check);
    expect(links.indexOf('kafka')).toBeGreaterThan(links.indexOf('mongodb'));
    expect(links.indexOf('kafka')).toBeLessThan(links.indexOf('mysql'));
    expect(findings.find((each) => each.check === 'kafka')).toMatchObject({
      status: 'ok',
      detail:
        'topic sms.details has what the workers need, and group notify-on-delivery may read it',
    });
  });

  it('does not ask where the settings have no brokers', async () => {
    const { findings } = await check(e2e().settings);
    expect(findings.filter((each) => each.check === 'kafka')).toEqual([]);
  });

  it('ends at a topic that does not do, after what only needs attention', async () => {
    const { broken, findings } = await check(
      settings({ KAFKA_TOPIC: 'compacted', KAFKA_GROUP: 'others' }),
    );
    expect(broken).toBe('kafka');
    expect(findings.slice(-2)).toEqual([
      {
        check: 'kafka',
        status: 'note',
        detail: expect.stringMatching(/^topic compacted has one partition/),
      },
      {
        check: 'kafka',
        status: 'failed',
        detail: expect.stringMatching(/^topic compacted is compacted, .* cleanup\.policy/),
      },
    ]);
  });

  it('names why no broker answers', async () => {
    const { broken, findings } = await check(away());
    expect(broken).toBe('kafka');
    expect(findings.at(-1)?.detail).toMatch(
      /^Kafka does not answer in time \(.*127\.0\.0\.1:1.*refused/,
    );
  });
});

describe('status', () => {
  it('shows the committed offsets, the lag and what MongoDB remembers', async () => {
    const { stdout, stderr, code } = await cliWith(settings(), 'status');
    expect({ stderr, code }).toEqual({ stderr: '', code: 0 });
    expect(stdout).toMatch(
      new RegExp(
        `^mode +consumer group notify-on-delivery of topic sms\\.details, Kafka at ${broker().bootstrap}$`,
        'm',
      ),
    );
    expect(stdout).toMatch(/^lag +2 messages in 1 partition of 3$/m);
    const own = `^partition +${partition()}: offset 1 committed, lag 2; acknowledged by host:7 up to`;
    expect(stdout).toMatch(new RegExp(own, 'm'));
    const other = `^partition +${(partition() + 1) % 3}: nothing committed; nothing acknowledged yet$`;
    expect(stdout).toMatch(new RegExp(other, 'm'));
    expect(stdout).toMatch(/^worker +none is active$/m);
    expect(stdout).not.toMatch(/^(?:checkpoint|oplog)/m);
  });

  it('has them for programs', async () => {
    const end = await cliWith(settings(), 'status', '--json');
    const status = end.json() as { topic: { partitions: readonly unknown[] } };
    expect(status.topic).toMatchObject({
      ...{ topic, group: 'notify-on-delivery', brokers: [broker().bootstrap], problem: null },
    });
    expect(status.topic.partitions[partition()]).toMatchObject({
      ...{ partition: partition(), committed: 1, end: 3, lag: 2, worker: 'host:7' },
      acknowledgedAt: at.toISOString(),
    });
    const stream = await cliWith(e2e().settings, 'status', '--json');
    expect(stream.json()).toMatchObject({ topic: null });
  });

  it('shows what MongoDB remembers while no broker answers, and why', async () => {
    const { stdout, code } = await cliWith(away(), 'status');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^lag +unknown: .*127\.0\.0\.1:1/m);
    const own = `^partition +${partition()}: acknowledged by host:7 up to`;
    expect(stdout).toMatch(new RegExp(own, 'm'));
  });

  it('tells workers of the topic from one of the change stream', async () => {
    const state = stateCollections(e2e().servers.db);
    const guard = createModeGuard({ ...state, ttlMs: 60_000 });
    await guard.lockForTopic();
    expect((await cliWith(settings(), 'status')).stdout).toMatch(
      /^worker +1 worker active on the topic$/m,
    );
    expect((await cliWith(e2e().settings, 'status')).stdout).toMatch(
      /^mode +change stream here, but workers are active on a topic: set KAFKA_BROKERS/m,
    );
    expect((await cliWith(e2e().settings, 'check')).stdout).toMatch(
      /^note +worker +1 worker active on the topic: .* set KAFKA_BROKERS/m,
    );
    await guard.release();
    const lease = createLeaseStore({ ...state, owner: 'host:8', ttlMs: 60_000 });
    const held = await lease.acquire();
    if (held === null) throw new Error('somebody else has the lease');
    const works = /host:8 is active on .*; it reads the change stream, so those of the topic stand/;
    expect((await cliWith(settings(), 'status')).stdout).toMatch(works);
    expect((await cliWith(settings(), 'check')).stdout).toMatch(
      /^note +worker +host:8 is active on the change stream/m,
    );
    await lease.release(held);
    // Leaving it is not waited for.
    await until('it is seen', async () =>
      /^worker +none is active$/m.test((await cliWith(settings(), 'status')).stdout),
    );
  });
});

describe('a command in a process of its own', () => {
  it.each([
    ['status', 0],
    ['check', 1],
  ])('ends although no broker answers: %s', async (command, code) => {
    expect(await runCommand(away(), [command])).toMatchObject({ code, stderr: '' });
    expect(await runCommand(settings(), [command])).toMatchObject({ code: 0, stderr: '' });
  });
});

describe('explain', () => {
  it('goes by the partition of the SMS, not by the checkpoint of the change stream', async () => {
    const { central, receiver, sms, servers } = e2e();
    await central.optIn(28, 200, { url: receiver.url('/') });
    const before = new Date(at.getTime() - 1_000);
    const document = newSms({ accountID: 28, flowId: 200, deliveryStatus: 'SENT' });
    await sms.insertOne({ ...document, _id: 'sms-1', deliveryTime: before });
    const { checkpoints } = stateCollections(servers.db);
    await checkpoints.insertOne({ _id: '0', wallTime: new Date(0) } as never);
    const explained = async () => (await cliWith(settings(), 'explain', 'sms-1', '--json')).json();
    expect(await explained()).toMatchObject({
      checkpointAt: at.toISOString(),
      explanation: expect.stringContaining('the worker has passed it'),
    });
    const later = new Date(at.getTime() + 1_000);
    await sms.updateOne({ _id: 'sms-1' }, { $set: { deliveryTime: later } });
    expect(await explained()).toMatchObject({
      explanation: expect.stringContaining('no worker is running'),
    });
    expect((await cliWith(settings(), 'status')).stdout).toMatch(
      /^checkpoint +1970.* of the change stream, not moved on$/m,
    );
  });

  it('knows its partition by keys as the connector writes them there, with a shard key, too', async () => {
    const { sms } = e2e();
    const keyText = (_id: string) => `{"flowId": {"$numberInt": "200"}, "_id": "${_id}"}`;
    const ofShards = (_id: string) => partitionOf(keyHashOf(Buffer.from(keyText(_id))), 3);
    const ids = Array.from({ length: 100 }, (_, index) => `sharded-${index}`);
    const elsewhere = ids.find((_id) => ofShards(_id) === (partition() + 1) % 3) ?? '';
    const document = newSms({ accountID: 28, flowId: 200, deliveryStatus: 'SENT' });
    await sms.insertOne({ ...document, _id: elsewhere });
    const topicId = 'its id';
    await memory().firstStart({ topicId, partitions: 3, at });
    const { checkpoints } = stateCollections(e2e().servers.db);
    await createKeyExamples({ checkpoints, topic }).save({
      messageKey: Buffer.from(keyText('sms-1')),
      documentKey: { flowId: 200, _id: 'sms-1' },
    });
    const [first, second] = [new Date(at.getTime() + 1_000), new Date(at.getTime() + 2_000)];
    await remember((partition() + 1) % 3, first);
    await remember((partition() + 2) % 3, second);
    const explained = async (id: string) =>
      (await cliWith(settings(), 'explain', id, '--json')).json();
    expect(await explained(elsewhere)).toMatchObject({ checkpointAt: first.toISOString() });
    const other = ids.find((_id) => ofShards(_id) === (partition() + 2) % 3) ?? '';
    await sms.insertOne({ ...document, _id: other });
    expect(await explained(other)).toMatchObject({ checkpointAt: second.toISOString() });
  });
});
