import { openGroupReader } from './groupReader.ts';
import { asked, importClient, type ClientError } from './importClient.ts';

interface TopicDescription {
  /** Another one when a topic is made anew under the same name. */
  readonly id: string;
  readonly partitions: number;
}

interface Offsets {
  /** Of the oldest message there is. */
  readonly low: number;
  /** Of the next message. */
  readonly high: number;
}

/** What tests, demo and `npm run services` do to topics and groups. */
export interface TopicAdmin {
  create(
    topic: string,
    options: Readonly<{ partitions: number; config?: Readonly<Record<string, string>> }>,
  ): Promise<void>;
  /** @param total of all partitions afterwards */
  addPartitions(topic: string, total: number): Promise<void>;
  delete(topic: string): Promise<void>;
  /** Null when there is none. */
  describe(topic: string): Promise<TopicDescription | null>;
  /** By partition. */
  offsets(topic: string): Promise<readonly Offsets[]>;
  /** As retention does: deletes what is older than `before`, an offset. */
  deleteRecords(topic: string, partition: number, before: number): Promise<void>;
  /** The group's committed offset by partition; null where there is none. */
  committed(group: string, topic: string): Promise<readonly (number | null)[]>;
  /** The group must have no members. */
  commit(group: string, topic: string, offsets: ReadonlyMap<number, number>): Promise<void>;
  deleteGroup(group: string): Promise<void>;
  close(): void;
}

const UNKNOWN_TOPIC = 3;

/**
 * @param settings of librdkafka, such as those for TLS
 * @param timeoutMs of each call
 */
export async function openTopicAdmin(
  bootstrap: string,
  settings: Readonly<Record<string, unknown>> = {},
  timeoutMs = 15_000,
): Promise<TopicAdmin> {
  const kafka = await importClient();
  const conf = { 'bootstrap.servers': bootstrap, ...settings };
  const admin = kafka.AdminClient.create(conf);
  const options = { timeout: timeoutMs };

  const partitionsOf = async (topic: string): Promise<readonly number[]> => {
    const described = await describe(topic);
    if (described === null) throw new Error(`there is no topic ${topic}`);
    return [...Array(described.partitions).keys()];
  };
  const describe = async (topic: string): Promise<TopicDescription | null> => {
    const [found] = await asked<readonly DescribedTopic[]>((done) =>
      admin.describeTopics([topic], options, done),
    );
    if (found?.error?.code === UNKNOWN_TOPIC) return null;
    if (found === undefined || found.error) throw failure(`describing ${topic}`, found?.error);
    return { id: found.topicId.base64, partitions: found.partitions.length };
  };
  const ends = async (topic: string, which: unknown): Promise<readonly number[]> => {
    const partitions = await partitionsOf(topic);
    const wanted = partitions.map((partition) => ({ topic, partition, offset: which }));
    const found = await asked<readonly PartitionOffset[]>((done) =>
      admin.listOffsets(wanted, options, done),
    );
    return inOrder(partitions, found);
  };

  return {
    async create(topic, { partitions, config = {} }) {
      const wanted = { topic, num_partitions: partitions, replication_factor: 1, config };
      await asked((done) => admin.createTopic(wanted, timeoutMs, done));
    },
    async addPartitions(topic, total) {
      await asked((done) => admin.createPartitions(topic, total, timeoutMs, done));
    },
    async delete(topic) {
      await asked((done) => admin.deleteTopic(topic, timeoutMs, done));
    },
    describe,
    async offsets(topic) {
      const low = await ends(topic, kafka.OffsetSpec.EARLIEST);
      const high = await ends(topic, kafka.OffsetSpec.LATEST);
      return low.map((offset, partition) => ({ low: offset, high: high[partition] ?? offset }));
    },
    async deleteRecords(topic, partition, before) {
      const [result] = await asked<readonly PartitionOffset[]>((done) =>
        admin.deleteRecords([{ topic, partition, offset: before }], options, done),
      );
      if (result?.error) throw failure(`deleting records of ${topic}`, result.error);
    },
    async committed(group, topic) {
      const reader = await openGroupReader(bootstrap, { group, settings, timeoutMs });
      try {
        return await reader.committed(topic, await partitionsOf(topic));
      } finally {
        await reader.close();
      }
    },
    async commit(group, topic, offsets) {
      const consumer = new kafka.KafkaConsumer({ ...conf, 'group.id': group }, {});
      await asked((done) => consumer.connect({ timeout: timeoutMs }, done));
      try {
        const wanted = [...offsets].map(([partition, offset]) => ({ topic, partition, offset }));
        await asked((done) => consumer.commitCb(wanted, done));
      } finally {
        await asked((done) => consumer.disconnect(done));
      }
    },
    async deleteGroup(group) {
      const [result] = await asked<readonly { error?: ClientError }[]>((done) =>
        admin.deleteGroups([group], options, done),
      );
      if (result?.error) throw failure(`deleting ${group}`, result.error);
    },
    close: () => admin.disconnect(),
  };
}

interface PartitionOffset {
  readonly partition: number;
  readonly offset: number;
  readonly error?: ClientError;
}

interface DescribedTopic {
  readonly topicId: { readonly base64: string };
  readonly partitions: readonly unknown[];
  readonly error?: ClientError;
}

function failure(what: string, error?: ClientError): Error {
  return new Error(`${what} failed: ${error?.message ?? 'no answer'}`);
}

function inOrder(
  partitions: readonly number[],
  found: readonly PartitionOffset[],
): readonly number[] {
  return partitions.map((partition) => {
    const entry = found.find((each) => each.partition === partition);
    if (entry === undefined || entry.error) throw failure(`partition ${partition}`, entry?.error);
    return entry.offset;
  });
}
