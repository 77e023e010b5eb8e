import type { LoadedClient } from './kafka/client.ts';
import type { DecodeMessage } from './ports/topic.ts';
import { ConfigurationError } from './runtime/errors.ts';
import type { Connections, Frame } from './term.ts';
import { preflightTopic } from './topicPreflight.ts';

/**
 * Checks the topic, the group and the connection before the group is joined. Rejects with a `ConfigurationError` that has
 * all that is wrong, or with a sentence while no broker answers. What will do harm one day is logged.
 */
export async function checkTopicAtStart(
  { config, logger }: Frame,
  { mongo }: Pick<Connections, 'mongo'>,
  {
    client,
    owner,
    decode,
  }: Readonly<{ client: LoadedClient; owner: string; decode: DecodeMessage }>,
): Promise<void> {
  const problems = await preflightTopic(config, mongo.sms, { client, workerId: owner, decode });
  const fatal = problems.filter(({ severity }) => severity === 'fatal');
  if (fatal.length > 0) {
    throw new ConfigurationError(fatal.map(({ sentence }) => sentence).join('; '));
  }
  for (const { sentence } of problems) logger.warn('setting_warning', { warning: sentence });
}
