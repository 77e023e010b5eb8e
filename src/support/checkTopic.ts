import { loadKafkaClient } from '../kafka/client.ts';
import { createMessageKeys } from '../mongo/messageKeys.ts';
import { preflightTopic, topicDecoder } from '../topicPreflight.ts';
import { failed, note, ok, type Finding } from './finding.ts';
import { CLIENT_ID } from './topicStatus.ts';
import type { Session } from './session.ts';

/** The client, the brokers, the topic, its messages and the group: as a worker checks them when it starts. */
export async function* checkTopic({ config, mongo }: Session): AsyncGenerator<Finding> {
  const check = 'kafka';
  const client = await loadKafkaClient();
  const { sms } = await mongo();
  const decode = topicDecoder(config, sms, createMessageKeys(config.mongodb.uuidRepresentation));
  const problems = await preflightTopic(config, sms, { client, workerId: CLIENT_ID, decode });
  const warnings = problems.filter(({ severity }) => severity === 'warning');
  const fatal = problems.filter(({ severity }) => severity === 'fatal');
  for (const { sentence } of warnings) yield note(check, sentence);
  const { topic, group } = config.kafka;
  yield fatal.length === 0
    ? ok(check, `topic ${topic} has what the workers need, and group ${group} may read it`)
    : failed(check, fatal.map(({ sentence }) => sentence).join('; '));
}
