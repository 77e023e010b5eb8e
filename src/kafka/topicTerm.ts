import type { StreamPosition } from '../domain/change.ts';
import type { GapStore, Partition, StreamRead } from '../ports/source.ts';
import type { TopicMessage } from '../ports/topic.ts';
import { anyOf, pause, Stopping, withPatience } from '../runtime/abort.ts';
import { createCondition } from '../runtime/condition.ts';
import type { Logger } from '../runtime/logger.ts';
import { createWaitGroup } from '../runtime/waitGroup.ts';
import type { MessageReader } from './messageReader.ts';
import type { CommitResult } from './topicConsumer.ts';
import { fromTopicPosition, toTopicPosition } from './topicPosition.ts';

/** This member's time with one partition of the topic. Over once it is stopped or lost; whoever comes next has another. */
export interface TopicTerm {
  readonly partition: Partition;
  /** Hands over what the consumer brought. */
  push(message: TopicMessage): void;
  /** Messages that were handed over and not read yet; a large one counts for several. */
  readonly waiting: number;
  /** Nothing more is to come for now: what was read is all there is. */
  caughtUp(at: Date): void;
  /** The offset of the message that is read next. */
  readonly nextOffset: number;
  /** The partition is to pass on: what has begun is made durable, and committed. */
  stop(): void;
  /** Another member may have the partition: nothing is committed any more. */
  lose(cause: string): void;
  readonly isLost: boolean;
  /** Resolves once another member may begin. */
  readonly released: Promise<void>;
  /** Nothing is committed any more. To be called before the partition passes on. */
  close(): void;
  /** Resolves when no commit of this term is under way. */
  committing(): Promise<void>;
}

export interface TermDeps {
  readonly id: number;
  readonly start: StreamPosition;
  readonly gaps: GapStore;
  readonly reader: MessageReader;
  /** Commits the offset that a position stands for. */
  commit(position: StreamPosition): Promise<CommitResult>;
  /** Nothing is committed any more; resolves when another member may begin. */
  released(): Promise<void>;
  /** Whether this process is still a member, by its own clock. */
  isMember(): boolean;
  readonly logger: Logger;
  readonly stopping: AbortSignal;
}

/** While members join or leave, which takes a second or two, nothing can be committed. */
const COMMIT_AGAIN_MS = 200;
const REBALANCE_MS = 5_000;
/** Messages that were read are dropped together. */
const DROP_AT = 256;
/** How long a read waits for a message. */
const READ_WAIT_MS = 1_000;

export function createTopicTerm(deps: TermDeps): TopicTerm {
  const { id, start, gaps, reader, logger } = deps;
  const over = new AbortController();
  /** Nothing is committed any more. */
  const closed = new AbortController();
  const isClosed = (): boolean => closed.signal.aborted;
  const stopping = anyOf(deps.stopping, over.signal);
  const released = Promise.withResolvers<void>();
  const arrival = createCondition();
  const commits = createWaitGroup();
  let isLost = false;
  let messages: TopicMessage[] = [];
  let waiting = 0;
  let first = 0;
  let position = start;
  let begun = start;
  /** What is to be committed. */
  let newest = start;
  let latestSave: Promise<unknown> = Promise.resolve();
  const begins = createCondition();

  const take = (): TopicMessage | null => {
    const message = messages[first];
    if (message === undefined) return null;
    first += 1;
    waiting -= weightOf(message);
    if (first === messages.length || first >= DROP_AT) {
      messages = messages.slice(first);
      first = 0;
    }
    return message;
  };
  const waitForMessage = async (): Promise<void> => {
    await withPatience(READ_WAIT_MS, stopping, async (patience) => {
      await arrival.until(() => first < messages.length, patience).catch(() => undefined);
    });
    stopping.throwIfAborted();
  };
  const read = async (): Promise<StreamRead> => {
    stopping.throwIfAborted();
    if (first === messages.length) await waitForMessage();
    const message = take();
    if (message === null) return { kind: 'passed', position };
    return reader.read(message, position);
  };
  /** What was not read is a successor's. */
  const stop = (): void => {
    messages = [];
    first = 0;
    waiting = 0;
    over.abort(new Stopping());
  };
  const close = (): void => {
    closed.abort(new Stopping());
    stop();
  };
  const lose = (cause: string): void => {
    if (isClosed()) return;
    isLost = true;
    if (!over.signal.aborted) logger.warn('partition_lost', { partition: id, cause });
    close();
  };
  const commitNewest = async (): Promise<'saved' | 'fenced'> => {
    for (const until = performance.now() + REBALANCE_MS; ;) {
      if (isClosed()) return 'fenced';
      const result = await deps.commit(newest);
      if (result === 'committed') return 'saved';
      if (result === 'fenced') {
        lose('this member was expelled from the group');
        return result;
      }
      if (performance.now() > until)
        throw new Error('the consumer group does not stop rebalancing');
      await pause(COMMIT_AGAIN_MS, closed.signal);
    }
  };
  const isHeld = (): boolean => !isClosed() && deps.isMember();

  return {
    partition: {
      id: String(id),
      // Breakers are each worker's own, and rows are guarded by their claims.
      epoch: 0,
      stopping,
      start,
      gaps,
      isHeld,
      async read() {
        begun = position;
        begins.check();
        const result = await read();
        position = result.kind === 'change' ? result.change.position : result.position;
        return result;
      },
      async caughtUp() {
        const last = messages.at(-1);
        const end = last === undefined ? fromTopicPosition(position).offset : last.offset + 1;
        await begins.until(() => fromTopicPosition(begun).offset >= end, stopping);
      },
      async save(saved) {
        newest = saved;
        const done = commits.add();
        // One at a time: an earlier one that is repeated would take the offset back.
        const saving = latestSave.catch(() => undefined).then(commitNewest);
        latestSave = saving;
        try {
          return await saving;
        } finally {
          done();
        }
      },
      async release() {
        await deps.released().finally(() => released.resolve());
      },
    },
    push(message) {
      if (stopping.aborted) return;
      messages.push(message);
      waiting += weightOf(message);
      arrival.check();
    },
    get waiting() {
      return waiting;
    },
    caughtUp(at) {
      if (first < messages.length) return;
      position = toTopicPosition(fromTopicPosition(position), at);
    },
    get nextOffset() {
      return fromTopicPosition(position).offset;
    },
    stop,
    lose,
    get isLost() {
      return isLost;
    },
    released: released.promise,
    close,
    committing: commits.wait,
  };
}

/** Half of a thousand ordinary messages may wait, or 16 MB. */
const ORDINARY_BYTES = 32 * 1024;

function weightOf({ value }: TopicMessage): number {
  return 1 + Math.floor((value?.byteLength ?? 0) / ORDINARY_BYTES);
}
