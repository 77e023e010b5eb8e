/**
 * `node tests/support/kafka/recordMessages.ts [FORMAT…]`: writes down what the real connectors make of each write, one
 * file a format in `messages/`, for the tests of those who decode them.
 */
import { randomUUID } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { MongoClient, type Document } from 'mongodb';
import { startBroker, type Broker } from '../../../scripts/services/kafka/broker.ts';
import { ensureKafkaClient } from '../../../scripts/services/kafka/client.ts';
import { startConnect } from '../../../scripts/services/kafka/connect.ts';
import { openTopicAdmin } from '../../../scripts/services/kafka/topics.ts';
import { startReplicaSet } from '../../../scripts/services/replicaSet.ts';
import { until } from '../../../scripts/services/until.ts';
import { formats, type Format } from './formats.ts';
import { openTopicReader, type SeenMessage } from './topicMessages.ts';

const folder = fileURLToPath(new URL('messages', import.meta.url));
const partitions = 12;

/** The messages, one after another. */
async function record(
  topic: string,
  { options, writes, tells, hasMore }: Format,
  servers: Readonly<{ broker: Broker; mongodbUri: string }>,
): Promise<readonly object[]> {
  const { broker, mongodbUri } = servers;
  const { bootstrap } = broker;
  await using client = await new MongoClient(mongodbUri).connect();
  const [database, collection] = ['central', 'SMSDetailDocument'];
  const sms = client.db(database).collection(collection);
  await client.db(database).dropDatabase();
  const admin = await openTopicAdmin(bootstrap);
  await admin.create(topic, { partitions });
  admin.close();
  const { settings, connector } = await options();
  const connect = await startConnect({
    ...{ bootstrap, mongodbUri, database, collection, topic },
    settings: { ...settings, ...(hasMore ? { 'heartbeat.interval.ms': '1000' } : {}) },
    ...(connector === undefined ? {} : { connector }),
  });
  const reader = await openTopicReader(bootstrap, topic);
  const recorded: object[] = [];
  let read = 0;
  const next = async (name: string, isHeartbeat = false): Promise<void> => {
    const message = await until(`${topic} has a message of ${name}`, async () => {
      const messages = (await reader.read()).slice(read);
      const wanted = (each: SeenMessage): boolean =>
        isHeartbeatKey(each) === isHeartbeat && !String(each.key).includes('probe');
      return messages.find(wanted) ?? null;
    });
    read = (await reader.read()).indexOf(message) + 1;
    recorded.push({ name, ...toFixture(message) });
  };
  try {
    // Debezium's stream opens some time after its task is said to be running.
    if (connector !== undefined) {
      await until('it reads', async () => {
        await sms.insertOne({ _id: `probe-${randomUUID()}` } as Document);
        return (await reader.read()).length > 0;
      });
    }
    for (const write of writes) {
      await write.perform(sms);
      if (tells(write)) await next(write.name);
    }
    if (hasMore) {
      await next('heartbeat', true);
      await sms.drop();
      await next('drop');
    }
    return recorded;
  } finally {
    await reader.close();
    await connect.close();
  }
}

/** What its value is differs by the converter. */
function isHeartbeatKey({ key }: SeenMessage): boolean {
  return String(key).startsWith('{"_data"');
}

function toFixture({ partition, key, value, timestamp }: SeenMessage): object {
  const base64 = (bytes: Buffer | null): string | null => bytes?.toString('base64') ?? null;
  return { partition, timestamp, key: base64(key), value: base64(value) };
}

await ensureKafkaClient();
await mkdir(folder, { recursive: true });
const asked = process.argv.slice(2);
const replicaSet = await startReplicaSet();
const broker = await startBroker();
try {
  for (const [name, format] of Object.entries(formats)) {
    if (asked.length > 0 && !asked.includes(name)) continue;
    const messages = await record(name, format, { broker, mongodbUri: replicaSet.uri });
    await writeFile(join(folder, `${name}.json`), `${JSON.stringify(messages, null, 2)}\n`);
    console.log(`${name}: ${messages.length} messages`);
  }
} finally {
  await broker.close();
  await replicaSet.close();
}
