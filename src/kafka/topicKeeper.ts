import type {
  KeyExample,
  KeyExamples,
  SavedTopicPlace,
  TopicMemory,
} from '../ports/topicMemory.ts';
import { pause, waitAtMost } from '../runtime/abort.ts';
import { toError } from '../runtime/errors.ts';
import type { Logger } from '../runtime/logger.ts';

/** How often what was committed is written into MongoDB, too. */
const KEEP_EVERY_MS = 10_000;
/** How long a hand-over waits for that: what is remembered may be a bit behind what is committed. */
const HAND_OVER_MS = 1_000;

/** Writes down in MongoDB what was committed in Kafka, should Kafka lose it. */
export interface TopicKeeper {
  committed(place: SavedTopicPlace): void;
  /** The partition passes on. Resolves when what was committed is written, or after a second. */
  handOver(partition: number): Promise<void>;
  /** Writes now and then, until `stopping`. */
  run(stopping: AbortSignal): Promise<void>;
}

/** What a worker knows of the topic's keys. */
interface LearningKeys {
  /** Null before the first message; the same object for as long as there is no better one. */
  readonly example: KeyExample | null;
  learnFrom(example: KeyExample): void;
}

/** Also shares what is known of the topic's keys: a partition without messages has rows, too. */
export function createTopicKeeper(
  memory: Pick<TopicMemory, 'save'>,
  examples: KeyExamples,
  keys: LearningKeys,
  logger: Logger,
): TopicKeeper {
  let savedExample: KeyExample | null = null;
  const unsaved = new Map<number, SavedTopicPlace>();
  const orWarn = async (write: () => Promise<void>): Promise<void> => {
    try {
      await write();
    } catch (error) {
      logger.warn('database_retry', { what: 'topic memory', error: toError(error) });
    }
  };
  const save = async (places: readonly SavedTopicPlace[]): Promise<void> => {
    await orWarn(async () => {
      await memory.save(places);
      for (const place of places) {
        if (unsaved.get(place.partition) === place) unsaved.delete(place.partition);
      }
    });
  };
  const shareExample = async (): Promise<void> => {
    await orWarn(async () => {
      const shared = await examples.load();
      const own = keys.example;
      if (shared !== null) keys.learnFrom(shared);
      const { example } = keys;
      if (example !== own) savedExample = example;
      // It is not there while no partition has been opened.
      if (example === null || (example === savedExample && shared !== null)) return;
      await examples.save(example);
      savedExample = example;
    });
  };
  return {
    committed: (place) => void unsaved.set(place.partition, place),
    async handOver(partition) {
      const place = unsaved.get(partition);
      if (place === undefined) return;
      await waitAtMost(HAND_OVER_MS, save([place]));
      unsaved.delete(partition);
    },
    async run(stopping) {
      while (!stopping.aborted) {
        await pause(KEEP_EVERY_MS, stopping);
        if (stopping.aborted) return;
        if (unsaved.size > 0) await save([...unsaved.values()]);
        await shareExample();
      }
    },
  };
}
