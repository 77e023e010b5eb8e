import type { TopicMessage } from '../ports/topic.ts';
import type { LoadedClient } from './client.ts';
import { connectionConfig, type KafkaConnection } from './clientConfig.ts';
import { explainFailure } from './clientErrors.ts';
import { createClientLog } from './clientLog.ts';
import type { AdminClient, ClientError } from './clientTypes.ts';
import { readGroupTopics } from './groupTopics.ts';
import { checkListener } from './listenerCheck.ts';
import { probeListener } from './listenerProbe.ts';
import { describeTopic, usesNewProtocol, untilAnswered } from './questions.ts';
import { readSample } from './readSample.ts';
import { checkSample, type SampledContent } from './sampleCheck.ts';
import {
  checkClientVersion,
  checkFailure,
  checkGroup,
  checkTopic,
  type SetupProblem,
} from './topicCheck.ts';
import { checkTopicConfig, readTopicConfig } from './topicConfig.ts';

export interface KafkaPreflight {
  readonly client: LoadedClient;
  readonly connection: KafkaConnection;
  readonly workerId: string;
  readonly topic: string;
  readonly group: string;
  /** Of the SMS, as `database.collection`. */
  readonly namespace: string;
  readonly rememberMs: number;
  readonly contentOf: (message: TopicMessage) => SampledContent;
  /** Where Kafka's default partitioner places a key. */
  readonly partitionOf: (key: Uint8Array, partitions: number) => number;
}

const PROBE_MS = 3_000;
const TOPIC_CONFIG_MS = 5_000;
const LOG_LINES = 100;

/**
 * Checks, before the worker joins the group, all that would otherwise fail later or pass over statuses. Rejects, with a
 * sentence for people, when Kafka could not be asked now.
 */
export async function checkKafka(options: KafkaPreflight): Promise<readonly SetupProblem[]> {
  const { client, connection, topic, group } = options;
  const problems = checkClientVersion(client.version);
  const log = createClientLog(LOG_LINES);
  const explain = (error: unknown) => explainFailure(error, log.lines, { topic, group });
  try {
    return [...problems, ...(await askAll(options, { onLog: log.add, explain }))];
  } catch (error) {
    const failure = explain(error);
    const found = failure.isFatal
      ? checkFailure(failure)
      : // What keeps listener and client apart, the client can't tell from a broker that is away.
        await checkListeners(connection);
    if (found.length > 0) return [...problems, ...found];
    throw new Error(failure.sentence, { cause: error });
  }
}

interface Watching {
  readonly onLog: (line: string) => void;
  readonly explain: (error: unknown) => Readonly<{ isFatal: boolean }>;
}

async function askAll(
  options: KafkaPreflight,
  { onLog, explain }: Watching,
): Promise<readonly SetupProblem[]> {
  const { client, connection, workerId, topic, group, namespace, rememberMs } = options;
  const config = connectionConfig(connection, workerId);
  const watching = { onLog, explain };
  const { partitions, isNewProtocol } = await withAdmin(options, watching, async (admin) => ({
    ...(await untilAnswered((limitMs) => describeTopic(admin, { topic, limitMs }))),
    isNewProtocol: await untilAnswered((limitMs) => usesNewProtocol(admin, { group, limitMs })),
  }));
  const topics = await untilAnswered((limitMs) =>
    readGroupTopics(connection, { group, clientId: workerId, limitMs }),
  );
  const read = await readTopicConfig(connection, {
    ...{ topic, clientId: workerId, limitMs: TOPIC_CONFIG_MS },
  });
  const topicConfig = read.kind === 'found' ? read.config : null;
  const messages = await readSample({
    ...{ client: client.module, config, group, topic, partitions, onLog },
  });
  const sample = messages.map((message) => {
    const { partition, offset, key } = message;
    const content = options.contentOf(message);
    const isInPlace = key === null ? null : options.partitionOf(key, partitions) === partition;
    return { partition, offset, content, isInPlace };
  });
  return [
    ...checkTopicConfig(topic, read),
    ...checkTopic({ topic, partitions, config: topicConfig, rememberMs }),
    ...checkGroup({ group, topic, isNewProtocol, topics: topics ?? [] }),
    ...checkSample({ topic, namespace, sample }),
  ];
}

/** Rejects as soon as the client is refused for good: it would go on trying until the limit. */
async function withAdmin<Result>(
  { client, connection, workerId }: KafkaPreflight,
  { onLog, explain }: Watching,
  work: (admin: AdminClient) => Promise<Result>,
): Promise<Result> {
  const refused = Promise.withResolvers<never>();
  refused.promise.catch(() => undefined);
  const admin = client.module.AdminClient.create(connectionConfig(connection, workerId), {
    'event.log': ({ message }) => onLog(message),
    'event.error': (error: ClientError) => {
      if (explain(error).isFatal) refused.reject(error);
    },
  });
  const working = work(admin);
  try {
    return await Promise.race([refused.promise, working]);
  } finally {
    // Closing it while it asks would block the thread until the answer.
    void working.catch(() => undefined).then(() => admin.disconnect());
  }
}

async function checkListeners({
  brokers,
  tls,
  saslMechanism,
}: KafkaConnection): Promise<readonly SetupProblem[]> {
  const found = await Promise.all(
    brokers.map(async (address) => {
      const listener = await probeListener(address, PROBE_MS);
      return listener === null ? [] : checkListener(listener, { address, tls, saslMechanism });
    }),
  );
  return found.flat();
}
