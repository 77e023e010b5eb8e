import type { TopicMessage } from '../ports/topic.ts';
import { delay } from '../runtime/abort.ts';
import { ConfigurationError } from '../runtime/errors.ts';
import { createWaitGroup } from '../runtime/waitGroup.ts';
import { createTopicAdmin, type TopicAdmin } from './clientAdmin.ts';
import { explainFailure, type Named } from './clientErrors.ts';
import type { ConsumerConfig } from './clientConfig.ts';
import type {
  Callback,
  ClientError,
  KafkaModule,
  TopicPartition,
  TopicPartitionOffset,
} from './clientTypes.ts';
import { createClientLog } from './clientLog.ts';
import { createCommits } from './commits.ts';
import { codes } from './errorCodes.ts';
import { leave } from './leave.ts';
import { ask, askForBounds, toKafkaError } from './questions.ts';
import type { ConsumerEvents, TopicConsumer } from './topicConsumer.ts';
import { toTopicMessage } from './topicMessage.ts';

/** Every question to a broker. */
const ASK_MS = 10_000;
const POLL_MS = 100;
const POLL_AT_MOST = 256;
/** After an error, so that one which lasts does not keep a core busy. */
const AFTER_ERROR_MS = 100;
/** While no broker answers, one is asked so often. */
const ASK_AGAIN_MS = 2_000;
const LOG_LINES = 20;

/** A member of the group, by the client's callback API. Each can be opened once. */
export function createClientConsumer(options: {
  readonly client: KafkaModule;
  readonly config: ConsumerConfig;
  readonly named: Named;
}): TopicConsumer {
  const { client, config, named } = options;
  const { topic } = named;
  const callbacks = { rebalance_cb: () => undefined, offset_commit_cb: () => undefined };
  const consumer = new client.KafkaConsumer({ ...config.global, ...callbacks }, config.topic);
  const commits = createCommits(ASK_MS);
  const log = createClientLog(LOG_LINES);
  const at = (partition: number): TopicPartition => ({ topic, partition });
  const all = (partitions: readonly number[]): TopicPartition[] => partitions.map(at);
  const explain = (error: unknown): Error => {
    const { sentence } = explainFailure(error, log.lines, named);
    return new Error(sentence, { cause: error });
  };
  const explained = async <Result>(asked: Promise<Result>): Promise<Result> =>
    await asked.catch((error: unknown) => {
      throw explain(error);
    });
  const asking = createWaitGroup();
  const askAdmin = async <Result>(
    question: (admin: TopicAdmin) => Promise<Result>,
  ): Promise<Result> => {
    if (admin === null) throw new Error('the consumer is not open');
    return await explained(question(admin)).finally(asking.add());
  };
  const closed = new AbortController();
  let admin: TopicAdmin | null = null;
  let events: ConsumerEvents | null = null;
  let isTroubled = false;
  let isPolling = false;
  const changes: (() => void)[] = [];

  const tryTo = (change: () => void): void => {
    try {
      change();
    } catch (thrown) {
      events?.failed(explain(thrown));
    }
  };
  /** What a poll brings that is under way is of the assignment before. */
  const betweenPolls = (change: () => void): void => {
    if (isPolling) changes.push(change);
    else tryTo(change);
  };
  const recovered = (): void => {
    if (isTroubled) events?.troubled(null);
    isTroubled = false;
  };
  /** The client says that no broker answers, and not that one does again. */
  const waitForBroker = async (): Promise<void> => {
    while (isTroubled && !closed.signal.aborted) {
      await delay(ASK_AGAIN_MS, closed.signal);
      await bounds(0).then(recovered, () => undefined);
    }
  };
  const troubled = (failure: ClientError): void => {
    if (closed.signal.aborted) return;
    events?.troubled(explain(failure).message);
    if (isTroubled) return;
    isTroubled = true;
    waitForBroker().catch(() => undefined);
  };
  const bounds: TopicConsumer['bounds'] = async (partition) =>
    await explained(askForBounds(consumer, { ...at(partition), limitMs: ASK_MS }));
  const onRebalance = (error: ClientError, partitions: readonly TopicPartition[]): void => {
    const numbers = partitions.map(({ partition }) => partition);
    if (error.code === codes.assignPartitions) {
      recovered();
      events?.assigned(numbers);
    } else {
      events?.revoked(numbers, consumer.assignmentLost());
    }
  };
  const onConsumeError = async (failure: ClientError): Promise<readonly TopicMessage[]> => {
    if (failure.code === codes.invalidSessionTimeout) {
      // It is only known when it joins; no worker with this setting ever will.
      events?.failed(new ConfigurationError(explain(failure).message, { cause: failure }));
      return [];
    }
    const isGone = failure.code === codes.autoOffsetReset || failure.code === codes.fatal;
    if (isGone || explainFailure(failure, log.lines, named).isFatal)
      events?.failed(explain(failure));
    else troubled(failure);
    await delay(AFTER_ERROR_MS, closed.signal).catch(() => undefined);
    return [];
  };

  /** It can't be left before, however long that takes. */
  const connect = (done: Callback<unknown>): void => {
    consumer.connect({ timeout: ASK_MS }, (error, result) => {
      if (closed.signal.aborted) void leave(consumer);
      done(error, result);
    });
  };

  return {
    async open(listening) {
      events = listening;
      consumer.on('event.log', ({ message }) => log.add(message));
      consumer.on('event.error', troubled);
      consumer.on('rebalance', onRebalance);
      consumer.on('offset.commit', commits.answered);
      consumer.setDefaultConsumeTimeout(POLL_MS);
      consumer.setDefaultIsTimeoutOnlyForFirstMessage(true);
      await explained(ask<unknown>(ASK_MS, connect));
      if (closed.signal.aborted) throw new Error('the consumer was closed while it connected');
      admin = createTopicAdmin(client, consumer, ASK_MS);
      consumer.subscribe([topic]);
    },
    async poll() {
      return await new Promise((resolve) => {
        isPolling = true;
        consumer.consume(POLL_AT_MOST, (error, messages) => {
          isPolling = false;
          for (const change of changes.splice(0)) tryTo(change);
          if (error !== null && error !== undefined) return resolve(onConsumeError(error));
          if (messages.length > 0) recovered();
          return resolve(messages.map(toTopicMessage));
        });
      });
    },
    assign(places) {
      betweenPolls(() => {
        consumer.incrementalAssign(places.map((place) => ({ ...at(place.partition), ...place })));
        // A pause outlasts the assignment that it was made in.
        consumer.resume(all(places.map(({ partition }) => partition)));
      });
    },
    unassign(partitions) {
      betweenPolls(() => {
        try {
          consumer.incrementalUnassign(all(partitions));
        } catch (thrown) {
          // Without either, the consumer could not be closed, and the process not be ended.
          consumer.unassign();
          throw thrown;
        }
      });
    },
    pause: (partitions) => consumer.pause(all(partitions)),
    resume: (partitions) => consumer.resume(all(partitions)),
    async commit({ partition, offset }) {
      const place = { ...at(partition), offset };
      const answer = commits.expect(place);
      consumer.commit([place]);
      const error = await answer;
      if (error === null) {
        recovered();
        return 'committed';
      }
      const { code = null } = error;
      if (code === codes.unknownMemberId) return 'fenced';
      if (code === codes.illegalGeneration || code === codes.rebalanceInProgress) {
        return 'rebalancing';
      }
      throw explain(error);
    },
    async committed(partitions) {
      return await explained(
        askForOffsets((done) => consumer.committed(all(partitions), ASK_MS, done)),
      );
    },
    bounds,
    knownEnd(partition) {
      try {
        const { highOffset } = consumer.getWatermarkOffsets(topic, partition);
        return highOffset < 0 ? null : highOffset;
      } catch {
        return null;
      }
    },
    async firstMessageAt(partition) {
      return await askAdmin((asked) => asked.firstMessageAt(at(partition)));
    },
    async offsetAt(partition, time) {
      const asked = [{ ...at(partition), offset: time.getTime() }];
      const found = await explained(
        askForOffsets((done) => consumer.offsetsForTimes(asked, ASK_MS, done)),
      );
      const offset = found.get(partition) ?? -1;
      return offset < 0 ? null : offset;
    },
    async topic() {
      return await askAdmin((asked) => asked.describe(topic));
    },
    async close() {
      closed.abort(new Error('the consumer is closed'));
      commits.close();
      admin = null;
      // It uses what the consumer takes with it.
      await asking.wait();
      await leave(consumer);
    },
  };
}

type Offsets = readonly (Partial<TopicPartitionOffset> | Error)[];

/** Of those partitions that have one. */
async function askForOffsets(
  question: (done: Callback<Offsets>) => void,
): Promise<ReadonlyMap<number, number>> {
  const offsets = new Map<number, number>();
  for (const each of await ask(ASK_MS, question)) {
    if (Error.isError(each)) throw toKafkaError(each);
    const { partition, offset } = each;
    if (partition !== undefined && offset !== undefined) offsets.set(partition, offset);
  }
  return offsets;
}
