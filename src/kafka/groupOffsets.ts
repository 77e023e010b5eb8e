import { connectionConfig, type KafkaConnection } from './clientConfig.ts';
import { explainFailure } from './clientErrors.ts';
import { createClientLog } from './clientLog.ts';
import type { KafkaConsumer, KafkaModule, TopicPartitionOffset } from './clientTypes.ts';
import { leave } from './leave.ts';
import { ask, askForBounds, describeTopic, toKafkaError } from './questions.ts';

/** How far a group is in one partition. */
export interface GroupOffset {
  readonly partition: number;
  /** Of the message that is read next; null when none is committed. */
  readonly committed: number | null;
  /** Of the next message to be written. */
  readonly end: number;
  /** How many messages are left, and markers of transactions; null when no offset is committed. */
  readonly lag: number | null;
}

export interface GroupOffsetsOptions {
  readonly client: KafkaModule;
  readonly connection: KafkaConnection;
  readonly clientId: string;
  readonly group: string;
  readonly topic: string;
  /** Of each of the three questions that follow one another. */
  readonly limitMs: number;
}

const LOG_LINES = 100;

/** By no member of the group. Rejects with a sentence for people. */
export async function readGroupOffsets(
  options: GroupOffsetsOptions,
): Promise<readonly GroupOffset[]> {
  const { client, connection, clientId, group, limitMs } = options;
  const config = { ...connectionConfig(connection, clientId), 'group.id': group };
  const consumer = new client.KafkaConsumer(config, {});
  const log = createClientLog(LOG_LINES);
  consumer.on('event.log', ({ message }) => log.add(message));
  try {
    await ask<unknown>(limitMs, (done) => consumer.connect({ timeout: limitMs }, done));
    return await readAll(consumer, options);
  } catch (thrown) {
    throw new Error(explainFailure(thrown, log.lines, options).sentence, { cause: thrown });
  } finally {
    await leave(consumer);
  }
}

async function readAll(
  consumer: KafkaConsumer,
  { client, topic, limitMs }: GroupOffsetsOptions,
): Promise<readonly GroupOffset[]> {
  const admin = client.AdminClient.createFrom(consumer);
  const { partitions } = await describeTopic(admin, { topic, limitMs });
  const all = Array.from({ length: partitions }, (_, partition) => ({ topic, partition }));
  const askingForOffsets = ask<readonly (Partial<TopicPartitionOffset> | Error)[]>(
    limitMs,
    (done) => consumer.committed(all, limitMs, done),
  );
  const askingForEnds = all.map(async (each) => await askForBounds(consumer, { ...each, limitMs }));
  // What is under way uses what the consumer takes with it.
  await Promise.allSettled([askingForOffsets, ...askingForEnds]);
  const committed = await askingForOffsets;
  const bounds = await Promise.all(askingForEnds);
  return bounds.map(({ high: end }, partition) => {
    const found = committed[partition];
    if (Error.isError(found)) throw toKafkaError(found);
    const offset = found?.offset ?? null;
    return {
      partition,
      committed: offset,
      end,
      lag: offset === null ? null : Math.max(0, end - offset),
    };
  });
}
