import { partitionOf } from '../domain/partitionKey.ts';
import { loadKafkaClient } from '../kafka/client.ts';
import { readGroupOffsets, type GroupOffset } from '../kafka/groupOffsets.ts';
import { createKeyExamples } from '../mongo/keyExamples.ts';
import { createMessageKeys } from '../mongo/messageKeys.ts';
import { createTopicMemory } from '../mongo/topicMemory.ts';
import { createFindKeyHashes } from '../mongo/wholeKeys.ts';
import type { TopicMemory } from '../ports/topicMemory.ts';
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
  const memory = await openMemory(session);
  const [places, offsets] = await Promise.all([memory.load(), askKafka(session)]);
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

async function openMemory(session: Session): Promise<TopicMemory> {
  return createTopicMemory({
    ...{ ...(await topicRows(session)), workerId: CLIENT_ID },
    ...{ partitions: () => 0, earliest: () => new Date(0) },
  });
}

async function topicRows({ config, mongo }: Session) {
  const { checkpoints } = (await mongo()).state;
  return { checkpoints, topic: config.kafka.topic ?? '' };
}

/**
 * Everything about this SMS that was written before is acknowledged; null when nothing is known. By the partition of its
 * messages, whose keys are as the worker has met them, and which the connector places as it does by default; by the
 * partition that is furthest behind, if its own can't be known.
 */
export async function readAcknowledgedAt(
  session: Session,
  storedId: unknown,
): Promise<Date | null> {
  const memory = await openMemory(session);
  const examples = createKeyExamples(await topicRows(session));
  const [places, example] = await Promise.all([memory.load(), examples.load()]);
  const partitions = Math.max(0, ...places.map(({ partition }) => partition + 1));
  if (partitions === 0) return null;
  const keys = createMessageKeys(session.config.mongodb.uuidRepresentation);
  if (example !== null) keys.learnFrom(example);
  const documentKey = { _id: storedId };
  const keyHash =
    keys.keyHashOf({ opaque: documentKey }) ??
    (await createFindKeyHashes((await session.mongo()).sms, keys)([documentKey]))[0] ??
    null;
  if (keyHash === null) return new Date(Math.min(...places.map(({ at }) => at.getTime())));
  const own = partitionOf(keyHash, partitions);
  return places.find(({ partition }) => partition === own)?.at ?? null;
}
