import { partitionOf } from '../domain/partitionKey.ts';
import { loadKafkaClient } from '../kafka/client.ts';
import { readGroupOffsets, type GroupOffset } from '../kafka/groupOffsets.ts';
import { createMessageKeys } from '../mongo/messageKeys.ts';
import { createTopicMemory } from '../mongo/topicMemory.ts';
import type { TopicPlace } from '../ports/topicMemory.ts';
import { toError } from '../runtime/errors.ts';
import type { Session } from './session.ts';

/** As brokers see the commands. */
export const CLIENT_ID = 'notify-on-delivery-cli';

const KAFKA_MS = 3_000;

export type TopicStatus = NonNullable<Awaited<ReturnType<typeof readTopicStatus>>>;

export const takesFromTopic = ({ config }: Pick<Session, 'config'>): boolean =>
  config.kafka.brokers.length > 0;

/** Null where the settings have no Kafka. What Kafka does not tell in time is null, and `problem` says why. */
export async function readTopicStatus(session: Session) {
  if (!takesFromTopic(session)) return null;
  const { brokers, topic, group } = session.config.kafka;
  const [places, offsets] = await Promise.all([rememberedPlaces(session), askKafka(session)]);
  const found = typeof offsets === 'string' ? [] : offsets;
  const partitions = Math.max(0, found.length, ...places.map(({ partition }) => partition + 1));
  return {
    brokers,
    topic,
    group,
    problem: typeof offsets === 'string' ? offsets : null,
    partitions: Array.from({ length: partitions }, (_, partition) => {
      const { committed = null, end = null, lag = null } = found[partition] ?? {};
      const place = places.find((each) => each.partition === partition);
      const { at: acknowledgedAt = null, workerId: worker = null, savedAt = null } = place ?? {};
      return { partition, committed, end, lag, acknowledgedAt, savedAt, worker };
    }),
  };
}

/** The reason where Kafka does not tell. */
async function askKafka({ config }: Session): Promise<readonly GroupOffset[] | string> {
  const { kafka } = config;
  const { group, topic } = kafka;
  try {
    const { module: client } = await loadKafkaClient();
    return await readGroupOffsets({
      ...{ client, connection: kafka, clientId: CLIENT_ID, group, topic: topic ?? '' },
      limitMs: KAFKA_MS,
    });
  } catch (error) {
    return toError(error).message;
  }
}

async function rememberedPlaces({ config, mongo }: Session): Promise<readonly TopicPlace[]> {
  const { checkpoints } = (await mongo()).state;
  const memory = createTopicMemory({
    ...{ checkpoints, topic: config.kafka.topic ?? '', workerId: CLIENT_ID },
    ...{ partitions: () => 0, earliest: () => new Date(0) },
  });
  return await memory.load();
}

/**
 * Everything about this SMS that was written before is acknowledged; null when nothing is known. By the partition of its
 * messages, as the connector places them by default.
 */
export async function readAcknowledgedAt(
  session: Session,
  storedId: unknown,
): Promise<Date | null> {
  const places = await rememberedPlaces(session);
  const partitions = Math.max(0, ...places.map(({ partition }) => partition + 1));
  if (partitions === 0) return null;
  const { uuidRepresentation } = session.config.mongodb;
  const keyHash = createMessageKeys(uuidRepresentation).keyHashOf({ opaque: { _id: storedId } });
  const own = partitionOf(keyHash, partitions);
  return places.find(({ partition }) => partition === own)?.at ?? null;
}
