import { createMessageReader } from '../../../src/kafka/messageReader.ts';
import { createTermOpening } from '../../../src/kafka/openTerm.ts';
import type { CommitResult, TopicConsumer } from '../../../src/kafka/topicConsumer.ts';
import type { TopicMemory } from '../../../src/ports/topicMemory.ts';
import { aPosition } from '../../support/builders.ts';
import { createFakeGaps } from '../../support/fakeGaps.ts';
import { createFakeMemory, keeperOf } from '../../support/kafka/fakeMemory.ts';
import { createMemoryLogger } from '../../support/memoryLogger.ts';
import { decodeAsChange } from './terms.ts';

/** Opens partitions of which nothing was committed yet; commits come to these results, then succeed. */
export function createOpening({
  results = [],
  memory = createFakeMemory(),
  topic = () => Promise.resolve({ id: 'topic', partitions: 12 }),
}: Readonly<{
  results?: CommitResult[];
  memory?: TopicMemory;
  topic?: TopicConsumer['topic'];
}>): ReturnType<typeof createTermOpening> {
  const consumer: Partial<TopicConsumer> = {
    topic,
    committed: () => Promise.resolve(new Map()),
    bounds: () => Promise.resolve({ low: 0, high: 100 }),
    firstMessageAt: () => Promise.resolve(aPosition(0).wallTime),
    offsetAt: () => Promise.resolve(40),
    commit: () => Promise.resolve(results.shift() ?? 'committed'),
  };
  const logger = createMemoryLogger();
  const ignored = (): void => undefined;
  const metrics = { gapFound: ignored, messageUnreadable: ignored, messageWritten: ignored };
  const now = (): number => aPosition(200).wallTime.getTime();
  return createTermOpening({
    ...{ memory, logger, metrics, now, workerId: 'this worker', opened: ignored },
    consumer: consumer as TopicConsumer,
    keeper: keeperOf(memory, logger),
    gaps: createFakeGaps(),
    reader: createMessageReader({ decode: decodeAsChange, now, metrics, logger }),
    startAt: null,
    checkpointAt: () => Promise.resolve(null),
    earliest: () => new Date(0),
    isMember: () => true,
    stopping: new AbortController().signal,
  });
}
