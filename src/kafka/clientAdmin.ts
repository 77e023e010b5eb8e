import type {
  AdminClient,
  Callback,
  DescribedTopic,
  KafkaConsumer,
  KafkaModule,
  ListedOffset,
  TopicPartition,
} from './clientTypes.ts';

/** What only the administrative client tells. */
export interface TopicAdmin {
  describe(topic: string): Promise<Readonly<{ id: string; partitions: number }>>;
  /** Null when the partition is empty. */
  firstMessageAt(partition: TopicPartition): Promise<Date | null>;
}

/** By the consumer's own connections. It needs no closing, and must not be used once the consumer is closed. */
export function createTopicAdmin(
  client: KafkaModule,
  consumer: KafkaConsumer,
  {
    ask,
    limitMs,
  }: Readonly<{
    ask: <Result>(question: (done: Callback<Result>) => void) => Promise<Result>;
    limitMs: number;
  }>,
): TopicAdmin {
  const admin: AdminClient = client.AdminClient.createFrom(consumer);
  const options = { timeout: limitMs };
  return {
    async describe(topic) {
      const [found] = await ask<readonly DescribedTopic[]>((done) =>
        admin.describeTopics([topic], options, done),
      );
      if (found === undefined) throw new Error(`no broker describes the topic ${topic}`);
      if (found.error !== undefined) throw new Error(found.error.message, { cause: found.error });
      return { id: found.topicId.base64, partitions: found.partitions.length };
    },
    async firstMessageAt(partition) {
      const asked = [{ ...partition, offset: { timestamp: 0 } }];
      const [found] = await ask<readonly ListedOffset[]>((done) =>
        admin.listOffsets(asked, options, done),
      );
      if (found?.error !== undefined) throw new Error(found.error.message, { cause: found.error });
      const timestamp = found?.timestamp ?? -1;
      return timestamp < 0 ? null : new Date(timestamp);
    },
  };
}
