import type { KafkaConsumer, KafkaModule, ListedOffset, TopicPartition } from './clientTypes.ts';
import { ask, describeTopic, toKafkaError } from './questions.ts';

/** What only the administrative client tells. Rejects with a `KafkaError`. */
export interface TopicAdmin {
  describe(topic: string): Promise<Readonly<{ id: string; partitions: number }>>;
  /** Null when the partition is empty. */
  firstMessageAt(partition: TopicPartition): Promise<Date | null>;
}

/** By the consumer's own connections. It needs no closing, and must not be used once the consumer is closed. */
export function createTopicAdmin(
  client: KafkaModule,
  consumer: KafkaConsumer,
  limitMs: number,
): TopicAdmin {
  const admin = client.AdminClient.createFrom(consumer);
  return {
    describe: async (topic) => await describeTopic(admin, { topic, limitMs }),
    async firstMessageAt(partition) {
      const asked = [{ ...partition, offset: { timestamp: 0 } }];
      const [found] = await ask<readonly ListedOffset[]>(limitMs, (done) =>
        admin.listOffsets(asked, { timeout: limitMs }, done),
      );
      if (found?.error !== undefined) throw toKafkaError(found.error);
      const timestamp = found?.timestamp ?? -1;
      return timestamp < 0 ? null : new Date(timestamp);
    },
  };
}
