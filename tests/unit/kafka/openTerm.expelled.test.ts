import { describe, expect, it } from '@jest/globals';
import { createMessageReader } from '../../../src/kafka/messageReader.ts';
import { createTermOpening } from '../../../src/kafka/openTerm.ts';
import type { CommitResult, TopicConsumer } from '../../../src/kafka/topicConsumer.ts';
import { createTopicKeeper } from '../../../src/kafka/topicKeeper.ts';
import { fromTopicPosition } from '../../../src/kafka/topicPosition.ts';
import type { TopicTerm } from '../../../src/kafka/topicTerm.ts';
import { Stopping } from '../../../src/runtime/abort.ts';
import { aPosition } from '../../support/builders.ts';
import { createFakeGaps } from '../../support/fakeGaps.ts';
import { createFakeMemory } from '../../support/kafka/fakeMemory.ts';
import { createMemoryLogger } from '../../support/memoryLogger.ts';
import { decodeAsChange } from './terms.ts';

/** Opens a partition of which nothing was committed yet; commits come to these results, then succeed. */
async function openFirst(...results: CommitResult[]): Promise<TopicTerm> {
  const consumer: Partial<TopicConsumer> = {
    topic: () => Promise.resolve({ id: 'topic', partitions: 4 }),
    committed: () => Promise.resolve(new Map()),
    bounds: () => Promise.resolve({ low: 0, high: 100 }),
    firstMessageAt: () => Promise.resolve(aPosition(0).wallTime),
    offsetAt: () => Promise.resolve(40),
    commit: () => Promise.resolve(results.shift() ?? 'committed'),
  };
  const logger = createMemoryLogger();
  const ignored = (): void => undefined;
  const metrics = { gapFound: ignored, messageUnreadable: ignored, messageWritten: ignored };
  const memory = createFakeMemory();
  const now = (): number => aPosition(200).wallTime.getTime();
  const openTerm = createTermOpening({
    ...{ memory, logger, metrics, now, workerId: 'this worker', opened: ignored },
    consumer: consumer as TopicConsumer,
    keeper: createTopicKeeper(memory, logger),
    gaps: createFakeGaps(),
    reader: createMessageReader({ decode: decodeAsChange, now, metrics, logger }),
    startAt: null,
    checkpointAt: () => Promise.resolve(null),
    earliest: () => new Date(0),
    isMember: () => true,
    stopping: new AbortController().signal,
  });
  return await openTerm(1, new AbortController().signal);
}

describe('a partition whose first offset is to be committed', () => {
  it('is tried again while the group rebalances', async () => {
    const term = await openFirst('rebalancing');
    expect(fromTopicPosition(term.partition.start).offset).toBe(40);
  });

  it('is given up by a member that was expelled, which learns of that only then', async () => {
    await expect(openFirst('fenced')).rejects.toBeInstanceOf(Stopping);
  });
});
