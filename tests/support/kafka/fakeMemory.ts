import { createTopicKeeper, type TopicKeeper } from '../../../src/kafka/topicKeeper.ts';
import type {
  FirstStartOfTopic,
  KeyExamples,
  SavedTopicPlace,
  TopicMemory,
} from '../../../src/ports/topicMemory.ts';
import type { Logger } from '../../../src/runtime/logger.ts';
import { atOnce, type Turn } from '../fakePorts.ts';

const savedLongAgo = { workerId: 'another worker', savedAt: new Date(0) };

/** What all who use the same memory see of it. */
export interface FakeMemoryState {
  readonly places: Map<number, SavedTopicPlace>;
  first: Omit<FirstStartOfTopic, 'isNew'> | null;
}

export function createFakeMemory(
  turn: Turn = atOnce,
  state: FakeMemoryState = { places: new Map(), first: null },
): TopicMemory {
  return {
    async firstStart(ifFirst) {
      await turn('firstStart');
      const isNew = state.first === null;
      const first = state.first ?? ifFirst;
      state.first = first;
      return { ...first, isNew };
    },
    async load() {
      await turn('load');
      return [...state.places.values()].map((place) => ({ ...place, ...savedLongAgo }));
    },
    async save(places) {
      await turn('save');
      for (const place of places) {
        const there = state.places.get(place.partition);
        const isFurther = there?.topicId !== place.topicId || there.offset < place.offset;
        if (isFurther) state.places.set(place.partition, place);
      }
    },
  };
}

const noExamples: KeyExamples = { load: async () => null, save: async () => undefined };
const noKeys = { example: null, learnFrom: () => undefined };

/** Of workers that meet one kind of key. */
export function keeperOf(memory: TopicMemory, logger: Logger): TopicKeeper {
  return createTopicKeeper(memory, noExamples, noKeys, logger);
}
