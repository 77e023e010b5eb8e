import type { StreamPosition } from '../../../src/domain/change.ts';
import { createMessageReader } from '../../../src/kafka/messageReader.ts';
import { afterMessage, toTopicPosition } from '../../../src/kafka/topicPosition.ts';
import type { CommitResult } from '../../../src/kafka/topicConsumer.ts';
import { createTopicTerm, type TopicTerm } from '../../../src/kafka/topicTerm.ts';
import type { StreamRead } from '../../../src/ports/source.ts';
import type { DecodeMessage, TopicMessage } from '../../../src/ports/topic.ts';
import { aChange, aPosition } from '../../support/builders.ts';
import { createFakeGaps } from '../../support/fakeGaps.ts';
import { createMemoryLogger, type MemoryLogger } from '../../support/memoryLogger.ts';

/** The message at that offset was written so many seconds after position 0. */
export function aMessage(offset: number, fields: Partial<TopicMessage> = {}): TopicMessage {
  return {
    ...{ partition: 3, offset, key: null, value: null },
    timestampMs: aPosition(offset).wallTime.getTime(),
    ...fields,
  };
}

/** Every message is of a change. */
export const decodeAsChange: DecodeMessage = (message) => ({
  kind: 'change',
  change: aChange({
    id: `at ${message.offset}`,
    position: afterMessage(message, new Date(message.timestampMs)),
  }),
});

export interface TermUnderTest extends TopicTerm {
  /** The positions of which the commit was asked for. */
  readonly committed: readonly StreamPosition[];
  readonly logger: MemoryLogger;
  readonly memberStopping: AbortController;
}

/** A term of partition 3 that begins at offset 0, unless asked to. */
export function aTerm(
  options: {
    readonly id?: number;
    readonly offset?: number;
    readonly decode?: DecodeMessage;
    commit?(): Promise<CommitResult>;
    released?(): Promise<void>;
    isMember?(): boolean;
  } = {},
): TermUnderTest {
  const { id = 3, offset = 0, decode = decodeAsChange } = options;
  const { commit = () => Promise.resolve('committed' as const), isMember = () => true } = options;
  const { released = () => Promise.resolve() } = options;
  const logger = createMemoryLogger();
  const committed: StreamPosition[] = [];
  const memberStopping = new AbortController();
  const metrics = { messageUnreadable: () => undefined, messageWritten: () => undefined };
  const term = createTopicTerm({
    id,
    start: toTopicPosition({ offset, at: aPosition(offset).wallTime }),
    gaps: createFakeGaps(),
    reader: createMessageReader({ decode, now: () => Date.now(), metrics, logger }),
    async commit(position) {
      committed.push(position);
      return await commit();
    },
    ...{ released, isMember, logger, stopping: memberStopping.signal },
  });
  return Object.assign(term, { committed, logger, memberStopping });
}

export function idOf(read: StreamRead): unknown {
  return read.kind === 'change' ? read.change.id : read.kind;
}
