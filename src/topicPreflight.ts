import type { Config } from '../config/config.ts';
import { keyHashOf, partitionOf } from './domain/partitionKey.ts';
import type { LoadedClient } from './kafka/client.ts';
import { checkKafka } from './kafka/preflight.ts';
import type { SetupProblem } from './kafka/topicCheck.ts';
import { afterMessage } from './kafka/topicPosition.ts';
import type { MongoConnection } from './mongo/connect.ts';
import { createDecodeMessage } from './mongo/decodeMessage.ts';
import type { MessageKeys } from './mongo/messageKeys.ts';
import type { DecodeMessage } from './ports/topic.ts';

/** What messages of the topic say. @param keys learn how the topic's keys are written */
export function topicDecoder(
  { mongodb }: Pick<Config, 'mongodb'>,
  { dbName: database, collectionName: collection }: MongoConnection['sms'],
  keys: MessageKeys,
): DecodeMessage {
  const { uuidRepresentation } = mongodb;
  return createDecodeMessage({
    ...{ database, collection, uuidRepresentation, positionOf: afterMessage, keys },
  });
}

/** `checkKafka` by the settings. Rejects with a sentence while no broker answers. */
export async function preflightTopic(
  { kafka, notify }: Pick<Config, 'kafka' | 'notify'>,
  { namespace }: MongoConnection['sms'],
  {
    client,
    workerId,
    decode,
  }: Readonly<{ client: LoadedClient; workerId: string; decode: DecodeMessage }>,
): Promise<readonly SetupProblem[]> {
  return await checkKafka({
    ...{ client, connection: kafka, workerId, group: kafka.group, namespace },
    topic: kafka.topic ?? '',
    rememberMs: notify.rememberMs,
    contentOf: decode,
    partitionOf: (key, partitions) => partitionOf(keyHashOf(key), partitions),
  });
}
