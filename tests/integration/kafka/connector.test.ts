import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { BSON, Timestamp, type Collection, type Document } from 'mongodb';
import { openTopicAdmin } from '../../../scripts/services/kafka/topics.ts';
import { startKafka, type KafkaServices } from '../../../scripts/services/kafka/startKafka.ts';
import {
  openTopicReader,
  produce,
  type SeenMessage,
  type TopicReader,
} from '../../support/kafka/topicMessages.ts';
import { oddWrites, writesTo, type Write } from '../../support/kafka/writes.ts';
import { useServers } from '../../support/servers.ts';
import { until } from '../../support/until.ts';

const servers = useServers(import.meta.url);
const topic = 'sms-statuses';
const keys: Readonly<Record<string, string>> = {
  objectId: '{"_id": {"$oid": "652fb95f8a4d2b1c9e7f0a11"}}',
  string: '{"_id": "SMS-2023-10-19/0001"}',
  int: '{"_id": 42}',
  uuid: '{"_id": {"$binary": "OyQRAeK7QlWMr0E2xWapYg==", "$type": "04"}}',
};
let kafka: KafkaServices;
let reader: TopicReader;
let sms: Collection;

const isHeartbeat = ({ value }: SeenMessage): boolean => value === null;
const read = async (count: number): Promise<readonly SeenMessage[]> =>
  await until(`${count} messages`, async () => {
    const messages = (await reader.read()).filter((message) => !isHeartbeat(message));
    return messages.length >= count ? messages : null;
  });
/** Numbers keep their types. */
const decode = (value: Uint8Array): Document => BSON.deserialize(value, { promoteValues: false });
const decoded = ({ value }: SeenMessage): Document => decode(value ?? Buffer.alloc(0));
const asStored = (document: Document): Document => decode(BSON.serialize(document));
/** Makes the writes, and gives the messages that they bring. */
const after = async (writes: readonly Write[]): Promise<readonly SeenMessage[]> => {
  const before = (await read(0)).length;
  for (const write of writes) await write.perform(sms);
  const count = writes.filter(({ shown }) => shown !== null).length;
  return (await read(before + count)).slice(before);
};
const expected = ({ operation, id, shown }: Write): Document => ({
  _id: { _data: expect.any(String) },
  operationType: operation,
  clusterTime: expect.any(Timestamp),
  wallTime: expect.any(Date),
  ns: { db: servers().database, coll: sms.collectionName },
  ...asStored({ documentKey: { _id: id } }),
  ...asStored(
    operation === 'update'
      ? { updateDescription: { updatedFields: shown } }
      : { fullDocument: shown },
  ),
});

beforeAll(async () => {
  const { mongodbUri, database, db } = servers();
  sms = db.collection('SMSDetailDocument');
  kafka = await startKafka({
    mongodbUri,
    database,
    collection: sms.collectionName,
    topic,
    settings: { 'heartbeat.interval.ms': '1000' },
  });
  reader = await openTopicReader(kafka.broker.bootstrap, topic);
});
afterAll(async () => {
  await reader?.close();
  await kafka?.stop();
});

describe('the shipped connector', () => {
  it.each(Object.keys(keys))('tells of the writes to an SMS whose _id is %s', async (idName) => {
    const writes = writesTo(idName);
    const messages = await after(writes);
    const wanted = writes.filter(({ shown }) => shown !== null);
    expect(messages.map(decoded)).toEqual(wanted.map(expected));
    expect([...new Set(messages.map(({ key }) => String(key)))]).toEqual([keys[idName]]);
  });

  it('sends a status without what is too large for a message, and passes over what is none', async () => {
    const messages = await after(oddWrites);
    const wanted = oddWrites.filter(({ shown }) => shown !== null);
    expect(messages.map(decoded)).toEqual(wanted.map(expected));
  });

  it('shows no status that is too long, and no SMS whose id is', async () => {
    const long = 'x'.repeat(2_000_000);
    const insert = (id: string, deliveryStatus: string, shown: Document | null): Write => ({
      name: id.slice(0, 10),
      operation: 'insert',
      id,
      shown,
      perform: async () => await sms.insertOne({ _id: id, deliveryStatus } as Document),
    });
    const writes = [
      insert(long, 'SENT', null),
      insert('long-status', long, { deliveryStatus: {} }),
      insert('after-all', 'SENT', { deliveryStatus: 'SENT' }),
    ];
    const messages = (await after(writes)).map(decoded);
    expect(messages).toHaveLength(2);
    expect(messages).toEqual(expect.arrayContaining(writes.slice(1).map(expected)));
  });

  it('puts a message where the default partitioner of other clients would', async () => {
    const { bootstrap } = kafka.broker;
    const admin = await openTopicAdmin(bootstrap);
    await admin.create('by-key', { partitions: 12 });
    admin.close();
    const seen = (await reader.read()).filter((message) => !isHeartbeat(message));
    await produce(
      bootstrap,
      'by-key',
      seen.map(({ key }) => ({ key, value: null })),
    );
    const other = await openTopicReader(bootstrap, 'by-key');
    const placed = await until('all were written', async () => {
      const messages = await other.read();
      return messages.length === seen.length ? messages : null;
    });
    await other.close();
    const places = (messages: readonly SeenMessage[]): readonly string[] =>
      [...new Set(messages.map(({ key, partition }) => `${String(key)} ${partition}`))].sort();
    expect(places(placed)).toEqual(places(seen));
    expect(places(seen).length).toBeGreaterThan(4);
  });

  it('sends heartbeats without a value', async () => {
    const [heartbeat] = await until('a heartbeat', async () => {
      const found = (await reader.read()).filter(isHeartbeat);
      return found.length > 0 ? found : null;
    });
    expect(String(heartbeat?.key)).toMatch(/^\{"_data": "[0-9A-F]+"\}$/);
  });

  it('loses nothing that is written while it is killed', async () => {
    const before = (await read(0)).length;
    const written = ['a', 'b', 'c', 'd'].map((name) => `killed-${name}`);
    const insert = async (_id: string): Promise<unknown> =>
      await sms.insertOne({ _id, deliveryStatus: 'SENT' } as Document);
    for (const id of written.slice(0, 2)) await insert(id);
    await read(before + 2);
    await until('an offset is stored', kafka.connect.hasStoredOffset);
    await kafka.connect.kill();
    for (const id of written.slice(2)) await insert(id);
    await kafka.connect.start();
    // With repeats: it goes on at an offset that is seconds old.
    const seen = await until('all have come', async () => {
      const found = new Set((await read(0)).slice(before).map(({ key }) => String(key)));
      return written.every((id) => found.has(`{"_id": "${id}"}`)) ? found : null;
    });
    expect(seen.size).toBeGreaterThanOrEqual(written.length);
  });

  it('tells that the collection was dropped', async () => {
    const before = (await read(0)).length;
    await sms.drop();
    const [message] = (await read(before + 1)).slice(before);
    const { operationType, ns, documentKey } = message ? decoded(message) : {};
    expect({ operationType, ns, documentKey }).toEqual({
      operationType: 'drop',
      ns: { db: servers().database, coll: sms.collectionName },
      documentKey: undefined,
    });
    expect(String(message?.key)).toMatch(/^\{"_id": \{"_data": "[0-9A-F]+"\}\}$/);
  });
});
