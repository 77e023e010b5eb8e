/**
 * `node tests/support/kafka/recordMessages.ts`: writes down what the real connector makes of each write in each format,
 * one file a format in `messages/`, for the tests of those who decode them.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { MongoClient } from 'mongodb';
import { startBroker, type Broker } from '../../../scripts/services/kafka/broker.ts';
import { ensureKafkaClient } from '../../../scripts/services/kafka/client.ts';
import { startConnect } from '../../../scripts/services/kafka/connect.ts';
import { openTopicAdmin } from '../../../scripts/services/kafka/topics.ts';
import { startReplicaSet } from '../../../scripts/services/replicaSet.ts';
import { until } from '../../../scripts/services/until.ts';
import { streamPipeline } from '../../../src/mongo/streamEvent.ts';
import { openTopicReader, type SeenMessage } from './topicMessages.ts';
import { ids, oddWrites, writesTo } from './writes.ts';

const folder = fileURLToPath(new URL('messages', import.meta.url));
const partitions = 12;
const formatter = (name: string): Readonly<Record<string, string>> => ({
  'output.format.value': 'json',
  'value.converter': 'org.apache.kafka.connect.storage.StringConverter',
  'output.json.formatter': `com.mongodb.kafka.connect.source.json.formatter.${name}`,
});
const jsonConverter = (schemas: boolean): Readonly<Record<string, string>> => ({
  ...formatter('ExtendedJson'),
  'value.converter': 'org.apache.kafka.connect.json.JsonConverter',
  'value.converter.schemas.enable': String(schemas),
});
const formats: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  bson: {},
  extendedJson: formatter('ExtendedJson'),
  defaultJson: formatter('DefaultJson'),
  simplifiedJson: formatter('SimplifiedJson'),
  jsonConverter: jsonConverter(false),
  jsonConverterWithSchema: jsonConverter(true),
  // A set-up that is refused.
  fullDocumentOnly: {
    'publish.full.document.only': 'true',
    pipeline: JSON.stringify(streamPipeline().slice(0, 1)),
  },
};

async function record(name: string, broker: Broker, mongodbUri: string): Promise<void> {
  await using client = await new MongoClient(mongodbUri).connect();
  // Fixtures of different formats can be compared but for times and tokens.
  const db = client.db('central');
  await db.dropDatabase();
  const admin = await openTopicAdmin(broker.bootstrap);
  await admin.create(name, { partitions });
  admin.close();
  const sms = db.collection('SMSDetailDocument');
  const connect = await startConnect({
    bootstrap: broker.bootstrap,
    mongodbUri,
    database: 'central',
    collection: sms.collectionName,
    topic: name,
    settings: { 'heartbeat.interval.ms': '1000', ...formats[name] },
  });
  const reader = await openTopicReader(broker.bootstrap, name);
  const seen: object[] = [];
  try {
    let read = 0;
    const next = async (what: string, wanted: (message: SeenMessage) => boolean): Promise<void> => {
      const message = await until(`${name} has a message of ${what}`, async () => {
        const messages = (await reader.read()).slice(read);
        return messages.find(wanted) ?? null;
      });
      read = (await reader.read()).indexOf(message) + 1;
      seen.push({ name: what, ...toFixture(message) });
    };
    const hasValue = ({ value }: SeenMessage): boolean => value !== null;
    const odd = name === 'fullDocumentOnly' ? [] : oddWrites;
    for (const write of [...Object.keys(ids).flatMap(writesTo), ...odd]) {
      await write.perform(sms);
      if (write.shown !== null) await next(write.name, hasValue);
    }
    await next('heartbeat', (message) => !hasValue(message));
    await sms.drop();
    if (name !== 'fullDocumentOnly') await next('drop', hasValue);
  } finally {
    await reader.close();
    await connect.close();
  }
  await writeFile(`${folder}/${name}.json`, `${JSON.stringify(seen, null, 2)}\n`);
  console.log(`${name}: ${seen.length} messages`);
}

function toFixture({ partition, key, value, timestamp }: SeenMessage): object {
  const base64 = (bytes: Buffer | null): string | null => bytes?.toString('base64') ?? null;
  return { partition, timestamp, key: base64(key), value: base64(value) };
}

await ensureKafkaClient();
await mkdir(folder, { recursive: true });
const replicaSet = await startReplicaSet();
const broker = await startBroker();
try {
  for (const name of Object.keys(formats)) await record(name, broker, replicaSet.uri);
} finally {
  await broker.close();
  await replicaSet.close();
}
