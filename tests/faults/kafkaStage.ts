import { startKafka, type KafkaServices } from '../../scripts/services/kafka/startKafka.ts';
import { openTopicAdmin, type TopicAdmin } from '../../scripts/services/kafka/topics.ts';
import type { ReplicaSet } from '../../scripts/services/replicaSet.ts';
import { until } from '../../scripts/services/until.ts';
import type { Teardown } from '../../src/runtime/teardown.ts';
import { watchOffsets, type OffsetWatch } from './offsetWatch.ts';

export interface KafkaStageOptions {
  readonly partitions: number;
  /** Of the connector, in place of those it is shipped with. */
  readonly connector?: Readonly<Record<string, string>>;
}

/** Broker and connector of one fault's own, and those who look at them. */
export interface KafkaStage extends KafkaServices {
  readonly topic: string;
  readonly group: string;
  /** What a worker needs to be told. */
  readonly settings: Readonly<Record<string, string>>;
  readonly admin: TopicAdmin;
  readonly offsets: OffsetWatch;
  /** Resolves when the connector has brought all that was written, and a while has passed without a message. */
  untilQuiet(): Promise<void>;
}

const topic = 'sms-statuses';
const group = 'notify-on-delivery';
const QUIET_MS = 2_000;
const patience = { timeoutMs: 60_000, intervalMs: 200 } as const;

export async function openKafka(
  replicaSet: ReplicaSet,
  { partitions, connector = {} }: KafkaStageOptions,
  teardown: Teardown,
): Promise<KafkaStage> {
  const watched = { database: 'central', collection: 'SMSDetailDocument', topic };
  const kafka = await startKafka({
    ...{ mongodbUri: replicaSet.uri, partitions, settings: connector },
    ...watched,
  });
  teardown.add('Kafka', kafka.stop);
  const { bootstrap } = kafka.broker;
  const admin = await openTopicAdmin(bootstrap);
  teardown.add("the client of Kafka's administrator", admin.close);
  const offsets = await watchOffsets(bootstrap, { group, topic });
  teardown.add('the look at the offsets', offsets.stop);
  const count = async (): Promise<number> =>
    (await admin.offsets(topic)).reduce((sum, { high }) => sum + high, 0);
  return {
    ...kafka,
    ...{ topic, group, admin, offsets },
    settings: { KAFKA_BROKERS: bootstrap, KAFKA_TOPIC: topic, KAFKA_GROUP: group },
    async untilQuiet() {
      let seen = -1;
      let since = performance.now();
      await until(
        'no more messages come',
        async () => {
          const now = await count();
          if (now !== seen) since = performance.now();
          seen = now;
          return performance.now() - since > QUIET_MS;
        },
        patience,
      );
    },
  };
}
