import type { TopicMessage } from '../ports/topic.ts';
import type { ClientConfig, ClientMessage, KafkaConsumer, KafkaModule } from './clientTypes.ts';
import { leave } from './leave.ts';
import { ask, askForBounds, toKafkaError } from './questions.ts';
import { toTopicMessage } from './topicMessage.ts';

export interface SampleOptions {
  readonly client: KafkaModule;
  /** How to connect. */
  readonly config: ClientConfig;
  /** Which it is allowed to name; it does not join it. */
  readonly group: string;
  readonly topic: string;
  readonly partitions: number;
  readonly onLog: (line: string) => void;
}

const ASK_MS = 10_000;
const POLL_MS = 200;
/** Of each partition. */
const MESSAGES = 5;
/** Markers of transactions take offsets, and are no messages: the last may never come. */
const QUIET_MS = 2_000;

/** The last messages of each partition. Joins no group and commits nothing. Rejects with a `KafkaError`. */
export async function readSample(options: SampleOptions): Promise<readonly TopicMessage[]> {
  const { client, config, group, onLog } = options;
  const reader = { 'group.id': group, 'enable.auto.commit': false, 'fetch.queue.backoff.ms': 10 };
  const topicConfig = { 'auto.offset.reset': 'earliest' };
  const consumer = new client.KafkaConsumer({ ...config, ...reader }, topicConfig);
  consumer.on('event.log', ({ message }) => onLog(message));
  consumer.setDefaultConsumeTimeout(POLL_MS);
  consumer.setDefaultIsTimeoutOnlyForFirstMessage(true);
  try {
    await ask<unknown>(ASK_MS, (done) => consumer.connect({ timeout: ASK_MS }, done));
    return (await readEnds(consumer, options)).map(toTopicMessage);
  } finally {
    await leave(consumer);
  }
}

async function readEnds(
  consumer: KafkaConsumer,
  { topic, partitions }: SampleOptions,
): Promise<readonly ClientMessage[]> {
  const all = Array.from({ length: partitions }, (_, partition) => partition);
  const ends = await Promise.all(
    all.map(async (partition) => {
      const { low, high } = await askForBounds(consumer, { topic, partition, limitMs: ASK_MS });
      return { partition, offset: Math.max(low, high - MESSAGES), high };
    }),
  );
  const filled = ends.filter(({ offset, high }) => offset < high);
  if (filled.length === 0) return [];
  consumer.assign(filled.map(({ partition, offset }) => ({ topic, partition, offset })));
  const left = new Map(filled.map(({ partition, high }) => [partition, high]));
  const messages: ClientMessage[] = [];
  let lastAt = performance.now();
  while (left.size > 0 && performance.now() - lastAt < QUIET_MS) {
    for (const message of await poll(consumer)) {
      lastAt = performance.now();
      const high = left.get(message.partition) ?? 0;
      if (message.offset < high) messages.push(message);
      if (message.offset >= high - 1) left.delete(message.partition);
    }
  }
  consumer.unassign();
  return messages;
}

async function poll(consumer: KafkaConsumer): Promise<readonly ClientMessage[]> {
  return await new Promise((resolve, reject) => {
    consumer.consume(MESSAGES, (error, messages) => {
      if (error) reject(toKafkaError(error));
      else resolve(messages);
    });
  });
}
