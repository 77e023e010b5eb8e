import type { KafkaConnection } from './clientConfig.ts';
import { codes } from './errorCodes.ts';
import { askBrokers } from './protocol/askBrokers.ts';
import { createWriter, requests, type Reader } from './protocol/wire.ts';
import type { SetupProblem, TopicConfig } from './topicCheck.ts';

export type FoundTopicConfig =
  | Readonly<{ kind: 'found'; config: TopicConfig }>
  | Readonly<{ kind: 'noRight' }>
  | Readonly<{ kind: 'unknown'; reason: string }>;

/** Asks the brokers for a topic's settings, which the client for Kafka can't. Never rejects. */
export async function readTopicConfig(
  connection: KafkaConnection,
  { topic, ...limits }: Readonly<{ topic: string; clientId: string; limitMs: number }>,
): Promise<FoundTopicConfig> {
  const found = await askBrokers(connection, limits, async (broker) =>
    readAnswer(await broker.request(requests.describeConfigs, question(topic))),
  );
  return found.kind === 'answered' ? found.result : found;
}

const TOPIC = 2;
const names = ['cleanup.policy', 'retention.ms', 'max.message.bytes'] as const;

function question(topic: string): Buffer {
  const body = createWriter().int32(1).int8(TOPIC).string(topic).int32(names.length);
  for (const name of names) body.string(name);
  const withSynonyms = 0;
  return body.int8(withSynonyms).done();
}

function readAnswer(answer: Reader): FoundTopicConfig {
  answer.int32(); // How long the broker held it back.
  const [found] = answer.array(() => {
    const code = answer.int16();
    answer.string(); // The error in words.
    answer.int8(); // The kind of resource.
    answer.string(); // Its name.
    return { code, values: new Map(answer.array(() => readEntry(answer))) };
  });
  if (found?.code === codes.topicAuthorizationFailed) return { kind: 'noRight' };
  if (found?.code !== codes.noError) throw new Error(`it answers with error ${found?.code}`);
  const text = (name: (typeof names)[number]): string | null => found.values.get(name) ?? null;
  const number = (name: (typeof names)[number]): number | null => {
    const value = text(name);
    return value === null ? null : Number(value);
  };
  return {
    kind: 'found',
    config: {
      cleanupPolicy: text('cleanup.policy'),
      retentionMs: number('retention.ms'),
      maxMessageBytes: number('max.message.bytes'),
    },
  };
}

function readEntry(answer: Reader): readonly [name: string, value: string | null] {
  const name = answer.string() ?? '';
  const value = answer.string();
  answer.int8(); // Whether it can be changed,
  answer.int8(); // where it was set,
  answer.int8(); // and whether it is secret.
  answer.array(() => {
    answer.string();
    answer.string();
    answer.int8();
  });
  return [name, value];
}

/** What could not be read: nothing that keeps a worker from its work, but somebody has to look. */
export function checkTopicConfig(topic: string, found: FoundTopicConfig): readonly SetupProblem[] {
  switch (found.kind) {
    case 'found':
      return [];
    case 'noRight':
      return warn(
        `the Kafka user may not read the settings of topic ${topic}: grant DESCRIBE_CONFIGS on it, so that a compacted topic is noticed`,
      );
    case 'unknown':
      return warn(
        `the settings of topic ${topic} can not be read (${found.reason}), so that a compacted topic would not be noticed: see that its cleanup.policy is delete`,
      );
    default:
      return found satisfies never;
  }
}

const warn = (sentence: string): readonly SetupProblem[] => [{ severity: 'warning', sentence }];
