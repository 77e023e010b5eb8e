import { describe, expect, it } from '@jest/globals';
import { createMessageReader } from '../../../src/kafka/messageReader.ts';
import { toTopicPosition } from '../../../src/kafka/topicPosition.ts';
import type { MessageContent, TopicMessage } from '../../../src/ports/topic.ts';
import { aChange, aPosition } from '../../support/builders.ts';
import { createMemoryLogger } from '../../support/memoryLogger.ts';
import { aMessage } from './terms.ts';

const now = aPosition(1_000).wallTime;
const before = toTopicPosition({ offset: 4, at: aPosition(1).wallTime });

function read(content: MessageContent, message: TopicMessage = aMessage(5)) {
  const logger = createMemoryLogger();
  const reported: unknown[] = [];
  const reader = createMessageReader({
    decode: () => content,
    now: () => now.getTime(),
    metrics: {
      messageUnreadable: (reason) => reported.push(reason),
      messageWritten: (ms) => reported.push(ms),
    },
    logger,
  });
  return { result: reader.read(message, before), logger, reported };
}
const passedAt = (at: Date) => ({
  kind: 'passed',
  position: toTopicPosition({ offset: 6, at }),
});
const writtenMs = aPosition(5).wallTime.getTime();

describe('a message', () => {
  it('of a change is that change', () => {
    const change = aChange();
    const { result, logger, reported } = read({ kind: 'change', change });
    expect(result).toEqual({ kind: 'change', change });
    expect(reported).toEqual([writtenMs]);
    expect(logger.lines).toEqual([]);
  });

  it.each(['ignored', 'heartbeat'] as const)(
    'that is %s shows how far the connector is',
    (kind) => {
      const { result, logger } = read({ kind });
      expect(result).toEqual(passedAt(aPosition(5).wallTime));
      expect(logger.lines).toEqual([]);
    },
  );

  it('without a time of its own leaves the time as it was', () => {
    const { result } = read({ kind: 'heartbeat' }, aMessage(5, { timestampMs: -1 }));
    expect(result).toEqual(passedAt(aPosition(1).wallTime));
  });

  it('of a dropped collection is a gap from what is acknowledged until the connector reads again', () => {
    const at = aPosition(4).wallTime;
    const { result, logger } = read({ kind: 'collectionGone', operation: 'drop', at });
    expect(result).toEqual({
      ...{ kind: 'gap', from: null, until: new Date(now.getTime() + 30_000) },
      position: toTopicPosition({ offset: 6, at }),
    });
    expect(logger.of('collection_gone')).toMatchObject([
      { level: 'error', fields: { operation: 'drop', partition: 3, offset: 5 } },
    ]);
  });

  it('of another collection is counted, told, and passed over', () => {
    const { result, logger, reported } = read({ kind: 'otherCollection', namespace: 'a.b' });
    expect(result).toEqual(passedAt(aPosition(1).wallTime));
    expect(reported).toEqual([writtenMs, 'other_collection']);
    expect(logger.of('unreadable_message')).toMatchObject([
      { level: 'warn', fields: { partition: 3, offset: 5, reason: 'a.b' } },
    ]);
  });

  it('that can’t be read is counted, told, and passed over', () => {
    const { result, logger, reported } = read({ kind: 'unreadable', reason: 'no_key' });
    expect(result).toEqual(passedAt(aPosition(1).wallTime));
    expect(reported).toEqual([writtenMs, 'no_key']);
    expect(logger.of('unreadable_message')).toMatchObject([
      { level: 'warn', fields: { partition: 3, offset: 5, reason: 'no_key' } },
    ]);
  });
});
