import { asked, importClient } from '../../../scripts/services/kafka/importClient.ts';
import { openTopicAdmin } from '../../../scripts/services/kafka/topics.ts';

/** One message of a topic, as Kafka keeps it. */
export interface SeenMessage {
  readonly partition: number;
  readonly offset: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  /** Milliseconds; of its making, unless the topic says otherwise. */
  readonly timestamp: number;
}

interface NewMessage {
  readonly key?: Buffer | string | null;
  readonly value: Buffer | null;
  /** As the key says when absent: as Kafka Connect does it. */
  readonly partition?: number;
  /** Now when absent. */
  readonly timestamp?: number;
}

const TIMEOUT_MS = 20_000;

/** Writes messages, in their order by partition; resolves when the broker has them. */
export async function produce(
  bootstrap: string,
  topic: string,
  messages: readonly NewMessage[],
): Promise<void> {
  const kafka = await importClient();
  const conf = { 'bootstrap.servers': bootstrap, 'enable.idempotence': true };
  const producer = new kafka.Producer(conf, { partitioner: 'murmur2_random' });
  await asked((done) => producer.connect({ timeout: TIMEOUT_MS }, done));
  try {
    for (const { key = null, value, partition = null, timestamp = null } of messages) {
      producer.produce(topic, partition, value, key, timestamp);
    }
    await asked((done) => producer.flush(TIMEOUT_MS, done));
  } finally {
    await asked((done) => producer.disconnect(TIMEOUT_MS, done));
  }
}

export interface TopicReader {
  /** All messages from the topic's start on that have been read by now. Waits for more, but briefly. */
  read(): Promise<readonly SeenMessage[]>;
  close(): Promise<void>;
}

/** Reads all partitions outside of any group. */
export async function openTopicReader(bootstrap: string, topic: string): Promise<TopicReader> {
  const kafka = await importClient();
  const admin = await openTopicAdmin(bootstrap);
  const offsets = await admin.offsets(topic);
  admin.close();
  const conf = {
    'bootstrap.servers': bootstrap,
    'group.id': 'reader-without-a-group',
    'enable.auto.commit': false,
    'fetch.queue.backoff.ms': 10,
  };
  const consumer = new kafka.KafkaConsumer(conf, { 'auto.offset.reset': 'earliest' });
  await asked((done) => consumer.connect({ timeout: TIMEOUT_MS }, done));
  consumer.setDefaultConsumeTimeout(100);
  consumer.assign(offsets.map(({ low }, partition) => ({ topic, partition, offset: low })));
  const seen: SeenMessage[] = [];
  return {
    async read() {
      const messages = await asked<readonly SeenMessage[]>((done) => consumer.consume(1_000, done));
      for (const { partition, offset, key, value, timestamp } of messages) {
        seen.push({ partition, offset, key, value, timestamp });
      }
      return seen;
    },
    close: async () => void (await asked((done) => consumer.disconnect(done))),
  };
}
