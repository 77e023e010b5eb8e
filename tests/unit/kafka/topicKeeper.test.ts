import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { createTopicKeeper } from '../../../src/kafka/topicKeeper.ts';
import type { KeyExample, SavedTopicPlace, TopicMemory } from '../../../src/ports/topicMemory.ts';
import { Stopping } from '../../../src/runtime/abort.ts';
import { createMemoryLogger } from '../../support/memoryLogger.ts';

const place = (partition: number, offset: number): SavedTopicPlace => ({
  ...{ partition, offset, topicId: 'id', at: new Date(0) },
});

function createKeeping(
  save: TopicMemory['save'] = async () => undefined,
  own: () => KeyExample | null = () => null,
) {
  const saved: (readonly SavedTopicPlace[])[] = [];
  const examples: KeyExample[] = [];
  const learnt: KeyExample[] = [];
  const memory = {
    async save(places: readonly SavedTopicPlace[]) {
      saved.push(places);
      await save(places);
    },
  };
  const shared = {
    load: async () => examples.at(-1) ?? null,
    async save(given: KeyExample) {
      examples.push(given);
      await save([]);
    },
  };
  const keys = {
    get example() {
      return own();
    },
    learnFrom: (example: KeyExample) => void learnt.push(example),
  };
  const logger = createMemoryLogger();
  const keeper = createTopicKeeper(memory, shared, keys, logger);
  const stopping = new AbortController();
  const done = keeper.run(stopping.signal);
  return {
    ...{ keeper, saved, examples, learnt, logger },
    async stop() {
      stopping.abort(new Stopping());
      await done;
    },
  };
}

beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());

describe('what was committed', () => {
  it('is written every ten seconds, the newest of each partition, if there is anything new', async () => {
    const { keeper, saved, stop } = createKeeping();
    keeper.committed(place(0, 1));
    keeper.committed(place(0, 2));
    keeper.committed(place(1, 7));
    await jest.advanceTimersByTimeAsync(30_000);
    expect(saved).toEqual([[place(0, 2), place(1, 7)]]);
    await stop();
  });

  it('is written again when it could not be', async () => {
    let fails = true;
    const { keeper, saved, logger, stop } = createKeeping(async () => {
      if (fails) throw new Error('away');
    });
    keeper.committed(place(0, 1));
    await jest.advanceTimersByTimeAsync(10_000);
    fails = false;
    await jest.advanceTimersByTimeAsync(20_000);
    expect(saved).toHaveLength(2);
    expect(logger.of('database_retry')).toHaveLength(1);
    await stop();
  });

  it('is written when the partition passes on, and no more afterwards', async () => {
    const { keeper, saved, stop } = createKeeping();
    keeper.committed(place(0, 3));
    keeper.committed(place(1, 4));
    await keeper.handOver(0);
    expect(saved).toEqual([[place(0, 3)]]);
    await keeper.handOver(2);
    await jest.advanceTimersByTimeAsync(10_000);
    expect(saved.slice(1)).toEqual([[place(1, 4)]]);
    await stop();
  });

  it('holds up a hand-over for a second at most', async () => {
    const { keeper, stop } = createKeeping(async () => await new Promise(() => undefined));
    keeper.committed(place(0, 3));
    let isOver = false;
    const handingOver = keeper.handOver(0).then(() => (isOver = true));
    await jest.advanceTimersByTimeAsync(999);
    expect(isOver).toBe(false);
    await jest.advanceTimersByTimeAsync(1);
    await handingOver;
    await stop();
  });
});

describe('an example of the keys', () => {
  const exampleOf = (_id: number): KeyExample => ({
    messageKey: Buffer.from(`{"_id": ${_id}}`),
    documentKey: { _id },
  });

  it('is written once there is one, and again when there is another, or it could not be', async () => {
    let fails = false;
    let example: KeyExample | null = null;
    const { examples, stop } = createKeeping(
      async () => {
        if (fails) throw new Error('away');
      },
      () => example,
    );
    await jest.advanceTimersByTimeAsync(10_000);
    expect(examples).toEqual([]);
    example = exampleOf(1);
    await jest.advanceTimersByTimeAsync(30_000);
    expect(examples).toEqual([exampleOf(1)]);
    [example, fails] = [exampleOf(2), true];
    await jest.advanceTimersByTimeAsync(10_000);
    fails = false;
    await jest.advanceTimersByTimeAsync(30_000);
    expect(examples).toEqual([exampleOf(1), exampleOf(2), exampleOf(2)]);
    await stop();
  });

  it('is written again where it is not there any more, or could not be yet', async () => {
    const own = exampleOf(1);
    const { examples, stop } = createKeeping(undefined, () => own);
    await jest.advanceTimersByTimeAsync(10_000);
    examples.length = 0;
    await jest.advanceTimersByTimeAsync(10_000);
    expect(examples).toEqual([own]);
    await stop();
  });

  it('is learnt from by who has read no message, whenever there is another', async () => {
    const { examples, learnt, stop } = createKeeping();
    await jest.advanceTimersByTimeAsync(10_000);
    expect(learnt).toEqual([]);
    examples.push(exampleOf(1));
    await jest.advanceTimersByTimeAsync(10_000);
    expect(learnt).toEqual([exampleOf(1)]);
    examples.push(exampleOf(2));
    await jest.advanceTimersByTimeAsync(10_000);
    expect(learnt).toEqual([exampleOf(1), exampleOf(2)]);
    expect(examples).toHaveLength(2);
    await stop();
  });
});
