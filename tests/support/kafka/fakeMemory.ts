import type {
  FirstStartOfTopic,
  KeyExample,
  SavedTopicPlace,
  TopicMemory,
} from '../../../src/ports/topicMemory.ts';
import { atOnce, type Turn } from '../fakePorts.ts';

const savedLongAgo = { workerId: 'another worker', savedAt: new Date(0) };

/** What all who use the same memory see of it. */
export interface FakeMemoryState {
  readonly places: Map<number, SavedTopicPlace>;
  first: Omit<FirstStartOfTopic, 'isNew'> | null;
  example?: KeyExample;
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
    async keyExample() {
      await turn('keyExample');
      return state.example ?? null;
    },
    async saveKeyExample(example) {
      await turn('saveKeyExample');
      state.example = example;
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
