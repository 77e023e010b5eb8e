import type { Config } from '../config/config.ts';
import { keyHashOf, partitionOf } from './domain/partitionKey.ts';
import type { LoadedClient } from './kafka/client.ts';
import { checkKafka } from './kafka/preflight.ts';
import type { SetupProblem } from './kafka/topicCheck.ts';
import { afterMessage } from './kafka/topicPosition.ts';
import type { MongoConnection } from './mongo/connect.ts';
import { createDecodeMessage } from './mongo/decodeMessage.ts';
import type { MessageKeys } from './mongo/messageKeys.ts';

/**
 * `checkKafka` by the settings. Rejects with a sentence while no broker answers.
 *
 * @param keys learn how the topic's keys are written
 */
export async function preflightTopic(
  { kafka, notify, mongodb }: Pick<Config, 'kafka' | 'notify' | 'mongodb'>,
  sms: MongoConnection['sms'],
  {
    client,
    workerId,
    keys,
  }: Readonly<{ client: LoadedClient; workerId: string; keys?: MessageKeys }>,
): Promise<readonly SetupProblem[]> {
  const { dbName: database, collectionName: collection, namespace } = sms;
  const decode = createDecodeMessage({
    ...{ database, collection, uuidRepresentation: mongodb.uuidRepresentation },
    positionOf: afterMessage,
    ...(keys !== undefined && { keys }),
  });
  return await checkKafka({
    ...{ client, connection: kafka, workerId, group: kafka.group, namespace },
    topic: kafka.topic ?? '',
    rememberMs: notify.rememberMs,
    contentOf: decode,
    partitionOf: (key, partitions) => partitionOf(keyHashOf(key), partitions),
  });
}
