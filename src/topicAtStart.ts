import { keyHashOf, partitionOf } from './domain/partitionKey.ts';
import type { LoadedClient } from './kafka/client.ts';
import { checkKafka } from './kafka/preflight.ts';
import { afterMessage } from './kafka/topicPosition.ts';
import { createDecodeMessage } from './mongo/decodeMessage.ts';
import type { MessageKeys } from './mongo/messageKeys.ts';
import { ConfigurationError } from './runtime/errors.ts';
import type { Connections, Frame } from './term.ts';

/**
 * Checks the topic, the group and the connection before the group is joined. Rejects with a `ConfigurationError` that has
 * all that is wrong, or with a sentence while no broker answers. What will do harm one day is logged.
 */
export async function checkTopicAtStart(
  { config, logger }: Frame,
  { mongo }: Pick<Connections, 'mongo'>,
  { client, owner, keys }: Readonly<{ client: LoadedClient; owner: string; keys: MessageKeys }>,
): Promise<void> {
  const { kafka, notify, mongodb } = config;
  const { dbName: database, collectionName: collection, namespace } = mongo.sms;
  const decode = createDecodeMessage({
    ...{ database, collection, uuidRepresentation: mongodb.uuidRepresentation },
    positionOf: afterMessage,
    keys,
  });
  const problems = await checkKafka({
    ...{ client, connection: kafka, workerId: owner, group: kafka.group, namespace },
    topic: kafka.topic ?? '',
    rememberMs: notify.rememberMs,
    contentOf: decode,
    partitionOf: (key, partitions) => partitionOf(keyHashOf(key), partitions),
  });
  const fatal = problems.filter(({ severity }) => severity === 'fatal');
  if (fatal.length > 0) {
    throw new ConfigurationError(fatal.map(({ sentence }) => sentence).join('; '));
  }
  for (const { sentence } of problems) logger.warn('setting_warning', { warning: sentence });
}
