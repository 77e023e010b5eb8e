import { setTimeout as sleep } from 'node:timers/promises';
import type {
  AdminClient,
  Callback,
  ClientError,
  DescribedTopic,
  KafkaConsumer,
  TopicPartition,
} from './clientTypes.ts';
import { codeOf, codes } from './errorCodes.ts';

/** What the client called back with. */
export class KafkaError extends Error {
  override readonly name = 'KafkaError';
  /** One of `errorCodes.ts`. */
  readonly code: number;

  constructor(code: number, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** For how much longer than its limit the client may take to call back. */
const GRACE_MS = 1_000;

/**
 * Asks the client for something, with a limit of time for it: it does not call back once it is closed, and its own limit
 * does not hold while its threads are busy. Rejects with a `KafkaError`.
 */
export async function ask<Result>(
  limitMs: number,
  question: (done: Callback<Result>) => void,
): Promise<Result> {
  return await new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(new KafkaError(codes.timedOut, `Kafka has not answered within ${limitMs / 1_000} s`));
    }, limitMs + GRACE_MS);
    const fail = (thrown: unknown): void => {
      clearTimeout(timer);
      reject(toKafkaError(thrown));
    };
    try {
      question((error, result) => {
        if (error) {
          fail(error);
          return;
        }
        clearTimeout(timer);
        resolve(result);
      });
    } catch (thrown) {
      fail(thrown);
    }
  });
}

export function toKafkaError(thrown: unknown): KafkaError {
  const said = (thrown as Partial<ClientError> | null | undefined)?.message ?? String(thrown);
  return new KafkaError(codeOf(thrown) ?? codes.unknown, said, { cause: thrown });
}

/** Of one try, and of all. A try that is under way keeps its client from being closed. */
const TRY_MS = 2_000;
const TRIES_MS = 10_000;

const BETWEEN_MS = 100;

/** A broker that has just started is not ready for groups. */
const passing: ReadonlySet<number> = new Set([
  codes.timedOut,
  codes.coordinatorLoading,
  codes.coordinatorNotAvailable,
  codes.notCoordinator,
]);

/** Asks again while there is no answer, for ten seconds at most. */
export async function untilAnswered<Result>(
  question: (limitMs: number) => Promise<Result>,
): Promise<Result> {
  const begunAt = performance.now();
  for (;;) {
    try {
      return await question(TRY_MS);
    } catch (thrown) {
      const passes = passing.has(codeOf(thrown) ?? codes.unknown);
      if (!passes || performance.now() - begunAt > TRIES_MS - TRY_MS) throw thrown;
    }
    await sleep(BETWEEN_MS);
  }
}

type Listed = Parameters<Parameters<AdminClient['listGroups']>[1]>[1];

/**
 * A topic's id, which one that is made anew has another of, and how many partitions it has. Rejects with code 3 where
 * there is no such topic, 29 without the right to see it.
 */
export async function describeTopic(
  admin: AdminClient,
  { topic, limitMs }: Readonly<{ topic: string; limitMs: number }>,
): Promise<Readonly<{ id: string; partitions: number }>> {
  const [found] = await ask<readonly DescribedTopic[]>(limitMs, (done) =>
    admin.describeTopics([topic], { timeout: limitMs }, done),
  );
  if (found === undefined || found.error !== undefined) throw toKafkaError(found?.error);
  return { id: found.topicId.base64, partitions: found.partitions.length };
}

/** The offset of the oldest message of a partition and the one after the newest. */
export async function askForBounds(
  consumer: KafkaConsumer,
  { topic, partition, limitMs }: TopicPartition & Readonly<{ limitMs: number }>,
): Promise<Readonly<{ low: number; high: number }>> {
  const { lowOffset: low, highOffset: high } = await ask<
    Readonly<{ lowOffset: number; highOffset: number }>
  >(limitMs, (done) => consumer.queryWatermarkOffsets(topic, partition, limitMs, done));
  return { low, high };
}

const states = { dead: 4, empty: 5 } as const;
const types = { newProtocol: 1 } as const;

/** Whether members of the group are at work that use the protocol of KIP-848; false without the right to see it. */
export async function usesNewProtocol(
  admin: AdminClient,
  { group, limitMs }: Readonly<{ group: string; limitMs: number }>,
): Promise<boolean> {
  const { groups, errors } = await ask<Listed>(limitMs, (done) =>
    admin.listGroups({ timeout: limitMs }, done),
  );
  const found = groups.find(({ groupId }) => groupId === group);
  const [error] = errors;
  if (found === undefined && error !== undefined) throw toKafkaError(error);
  const isAtWork =
    found !== undefined && found.state !== states.dead && found.state !== states.empty;
  return isAtWork && found.type === types.newProtocol;
}
