/**
 * What the worker uses of `@confluentinc/kafka-javascript`, as version 1.10.1 behaves: its own declarations leave out
 * methods, and are wrong about `topicId`. Written down here so that the types need no installed package.
 */

/** Numbers must be whole; a function is a callback. */
export type ClientConfig = Readonly<Record<string, string | number | boolean>>;

/** A result with an error of its own has no other use. Offsets are exact up to 2^53. */
export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}
export interface TopicPartitionOffset extends TopicPartition {
  readonly offset: number;
}

/** The `code` is one of `errorCodes.ts`; the message alone is given of what `event.error` brings, with code -1. */
export interface ClientError {
  readonly message: string;
  readonly code?: number;
}

/** Called once, with an error or a result; never when the client is closed first. */
export type Callback<Result> = (error: ClientError | null, result: Result) => void;

export interface ClientMessage extends TopicPartitionOffset {
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  /** In ms since 1970; -1 for none. */
  readonly timestamp: number;
}

/** A line of the client's log, with the reasons that errors do not have. Severities are those of syslog. */
interface ClientLogLine {
  readonly severity: number;
  readonly fac: string;
  readonly message: string;
}

interface ClientEvents {
  /** While nobody polls, a consumer's errors wait: only its log comes at any time. */
  'event.error': (error: ClientError) => void;
  'event.log': (line: ClientLogLine) => void;
  /**
   * Only with `rebalance_cb` in the global configuration. Code -175: assigned; -174: revoked, or lost if
   * `assignmentLost()`. The consumer waits for `incrementalAssign` or `incrementalUnassign` however long it takes.
   * Comes while `consume` polls, and during `disconnect`.
   */
  rebalance: (error: ClientError, partitions: readonly TopicPartition[]) => void;
  /**
   * Only with `offset_commit_cb` in the global configuration; comes while `consume` polls. If several partitions were
   * committed at once, `error` is set only if all of them failed.
   */
  'offset.commit': (
    error: ClientError | undefined,
    offsets: readonly TopicPartitionOffset[],
  ) => void;
  disconnected: () => void;
}

interface Client {
  on<Name extends keyof ClientEvents>(event: Name, listener: ClientEvents[Name]): this;
  off<Name extends keyof ClientEvents>(event: Name, listener: ClientEvents[Name]): this;
  isConnected(): boolean;
}

/**
 * Methods without a callback throw; those with one throw too when the client is not connected. A callback that takes
 * time occupies a thread of libuv's pool until then.
 */
export interface KafkaConsumer extends Client {
  /**
   * Also asks for metadata, for up to `timeout` ms (30 s by default), and disconnects if none come: a consumer that
   * failed to connect is to be replaced. What the client can't be built with has no code.
   */
  connect(options: Readonly<{ timeout: number }>, done: Callback<unknown>): this;
  /** Waits for `consume` under way, then for `incrementalUnassign` of what is assigned. `done` never has an error. */
  disconnect(done: (error: null) => void): this;
  subscribe(topics: readonly string[]): this;
  unsubscribe(): this;
  /** How long `consume` waits for the first message, or for each one. */
  setDefaultConsumeTimeout(timeoutMs: number): void;
  setDefaultIsTimeoutOnlyForFirstMessage(isOnlyForFirst: boolean): void;
  /**
   * Up to `count` messages; none after the time-out. An error that comes after at least one message is lost, such as
   * -140 for a partition that is not read any more: progress has to be watched.
   */
  consume(count: number, done: Callback<readonly ClientMessage[]>): void;
  /** With the offset to begin at; without one, at the committed one. */
  incrementalAssign(partitions: readonly (TopicPartition & { readonly offset?: number })[]): this;
  incrementalUnassign(partitions: readonly TopicPartition[]): this;
  assign(partitions: readonly (TopicPartition & { readonly offset?: number })[]): this;
  unassign(): this;
  assignments(): readonly TopicPartition[];
  /** In the listener of `rebalance` only. */
  assignmentLost(): boolean;
  rebalanceProtocol(): 'NONE' | 'EAGER' | 'COOPERATIVE';
  pause(partitions: readonly TopicPartition[]): void;
  resume(partitions: readonly TopicPartition[]): void;
  /** `offset` is absent before the first message of an assignment was consumed. */
  position(partitions: readonly TopicPartition[]): readonly Partial<TopicPartitionOffset>[];
  /** Of an assigned partition only. */
  seek(to: TopicPartitionOffset, timeoutMs: number, done: (error?: ClientError) => void): this;
  /**
   * Only queues; `offset.commit` tells the outcome. Not `commitCb`, which calls back when it is queued, and not
   * `commitSync`, which blocks the thread until the broker answers, however long.
   */
  commit(offsets: readonly TopicPartitionOffset[]): this;
  /** `offset` is absent where none is committed. In place of a partition that failed stands an `Error`. */
  committed(
    partitions: readonly TopicPartition[],
    timeoutMs: number,
    done: Callback<readonly (Partial<TopicPartitionOffset> | Error)[]>,
  ): this;
  /** As of the last answer; throws where there was none. */
  getWatermarkOffsets(
    topic: string,
    partition: number,
  ): Readonly<{ lowOffset: number; highOffset: number }>;
  queryWatermarkOffsets(
    topic: string,
    partition: number,
    timeoutMs: number,
    done: Callback<Readonly<{ lowOffset: number; highOffset: number }>>,
  ): void;
  /**
   * Each `offset` is a time in ms, and in the result the offset of the first message of that time or later; -1 when
   * there is none. In place of a partition that failed stands an `Error`.
   */
  offsetsForTimes(
    times: readonly TopicPartitionOffset[],
    timeoutMs: number,
    done: Callback<readonly (Partial<TopicPartitionOffset> | Error)[]>,
  ): void;
}

interface Timeout {
  /** In ms. */
  readonly timeout: number;
}

export interface DescribedTopic {
  readonly name: string;
  /** Null by its number where the broker is older than 2.8: all zeros. */
  readonly topicId: Readonly<{ base64: string }>;
  readonly partitions: readonly Readonly<{ partition: number }>[];
  /** Operations as numbers; only where asked for. */
  readonly authorizedOperations?: readonly number[];
  readonly error?: ClientError;
}

export interface ListedOffset extends TopicPartitionOffset {
  /** Of the message, in ms; -1 where none was found. */
  readonly timestamp: number;
  readonly error?: ClientError;
}

interface ListedGroup {
  readonly groupId: string;
  /** 0 unknown, 1 and 2 rebalancing, 3 stable, 4 dead (there is no such group), 5 empty. */
  readonly state: number;
  /** 0 unknown, 1 of the new protocol (KIP-848), 2 classic. */
  readonly type: number;
}

/**
 * Reads no settings of topics: the package has no `describeConfigs`. Not `describeGroups` and
 * `listConsumerGroupOffsets`, which end the process by a segmentation fault where a group's coordinator answers with an
 * error, for want of a right or because it has just started: see `groupTopics.ts`.
 */
export interface AdminClient extends Client {
  /** Blocks the thread until calls under way have ended, for as long as their limits are. */
  disconnect(): void;
  describeTopics(
    topics: readonly string[],
    options: Timeout & Readonly<{ includeAuthorizedOperations?: boolean }>,
    done: Callback<readonly DescribedTopic[]>,
  ): void;
  /** The first message of that time, in ms, or later. */
  listOffsets(
    partitions: readonly (TopicPartition & Readonly<{ offset: Readonly<{ timestamp: number }> }>)[],
    options: Timeout,
    done: Callback<readonly ListedOffset[]>,
  ): void;
  /** Those that the client has the right to see. */
  listGroups(
    options: Timeout,
    done: Callback<Readonly<{ groups: readonly ListedGroup[]; errors: readonly ClientError[] }>>,
  ): void;
}

/** Throws for a configuration that can't be used, with the client's own words. */
type ConsumerConstructor = new (
  /** A function turns on the event of its callback: `rebalance_cb`, `offset_commit_cb`. */
  global: Readonly<Record<string, string | number | boolean | (() => void)>>,
  topic: ClientConfig,
) => KafkaConsumer;

export interface KafkaModule {
  /**
   * With `rebalance_cb` and `offset_commit_cb`, given as functions. Settings of topics count in the second argument
   * only.
   */
  readonly KafkaConsumer: ConsumerConstructor;
  readonly AdminClient: Readonly<{
    /** Connects in the background; `events` are listened to from the start. */
    create(config: ClientConfig, events: Readonly<Partial<ClientEvents>>): AdminClient;
    /** Uses the connections of a consumer that is connected, for as long as it is. */
    createFrom(consumer: KafkaConsumer): AdminClient;
  }>;
  readonly librdkafkaVersion: string;
}
