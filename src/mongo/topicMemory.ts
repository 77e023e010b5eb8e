import type { Document, Filter, UpdateFilter } from 'mongodb';
import type {
  FirstStartOfTopic,
  SavedTopicPlace,
  TopicMemory,
  TopicPlace,
} from '../ports/topicMemory.ts';
import { createPatience, findAll, limits, withDeadline } from './calls.ts';
import type { CheckpointRows } from './checkpoints.ts';
import { codes, expectedFailures } from './errors.ts';
import {
  dateOf,
  isCount,
  kinds,
  problemIn,
  reportNothing,
  textOf,
  type ReportUnreadable,
  type ShapeOf,
} from './storedRow.ts';

/** The place in one partition of a topic. Beside the checkpoint of the change stream. */
interface TopicMemoryRow {
  /** `kafka:<topic>:<partition>` */
  readonly _id: string;
  readonly topicId: string;
  readonly offset: number;
  /** When the message before the offset was written. */
  readonly at: Date;
  readonly savedAt: Date;
  /** The worker that saved it. */
  readonly workerId: string;
  /** How many the topic had. */
  readonly partitions: number;
}

/** The first start of a topic. */
type FirstStartRow = Omit<TopicMemoryRow, 'offset' | 'savedAt'>;

interface Update {
  readonly filter: Filter<TopicMemoryRow>;
  readonly update: UpdateFilter<TopicMemoryRow>;
}

const firstStartShape = {
  topicId: kinds.text,
  at: kinds.date,
  partitions: kinds.count,
} as const satisfies ShapeOf<FirstStartRow>;
const shape = {
  ...firstStartShape,
  offset: kinds.count,
  savedAt: kinds.date,
  workerId: kinds.text,
} as const satisfies ShapeOf<TopicMemoryRow>;

const PREFIX = 'kafka:';

/** The `_id` of the row of a topic's first start, which also has an example of its keys. */
export function idOfFirstStart(topic: string): string {
  return `${PREFIX}${topic}`;
}

/** Of the `_id`s of these rows; those of checkpoints do not match. */
export const isTopicMemory = new RegExp(`^${PREFIX}`);

/** An offset that no worker can have written. */
const hasOddOffset: readonly Filter<TopicMemoryRow>[] = [
  { offset: { $not: { $lte: Number.MAX_SAFE_INTEGER } } },
  { offset: { $type: 'array' } },
];

export function createTopicMemory(options: {
  readonly checkpoints: CheckpointRows;
  readonly topic: string;
  readonly workerId: string;
  /** How many the topic has. */
  partitions(): number;
  /** What a row without any time counts as: statuses from then on are known to have been notified. */
  earliest(): Date;
  readonly unreadable?: ReportUnreadable;
}): TopicMemory {
  const { checkpoints, topic, workerId, partitions, earliest } = options;
  const { unreadable = reportNothing } = options;
  const collection = checkpoints.collectionName;
  const rows = checkpoints.db.collection<TopicMemoryRow>(collection);
  const patience = createPatience(limits.write);
  const prefix = `${PREFIX}${topic}:`;

  const timeOf = (row: Document): Date => dateOf(row['at']) ?? dateOf(row['savedAt']) ?? earliest();
  const ofFirstStart = { _id: idOfFirstStart(topic) };
  const toFirstStart = (row: Document): FirstStartOfTopic => {
    const at = timeOf(row);
    const problem = problemIn(row, firstStartShape);
    if (problem === null) {
      const { topicId, partitions: count } = row as FirstStartRow;
      return { topicId, partitions: count, at, isNew: false };
    }
    const what = 'partitions without an offset are read from their first message on';
    const advice = `${what}; once they have one, remove it`;
    unreadable({ collection, id: row['_id'], problem, advice });
    return { topicId: '', partitions: 0, at, isNew: false };
  };
  const toPlace = (row: Document): TopicPlace | null => {
    const id = row['_id'] as string;
    const number = id.slice(prefix.length);
    const partition = Number(number);
    if (!/^\d+$/.test(number) || !isCount(partition)) {
      const problem = '_id must end in the number of a partition';
      unreadable({ collection, id, problem, advice: 'it is ignored: remove it' });
      return null;
    }
    const at = timeOf(row);
    const problem = problemIn(row, shape);
    if (problem !== null) {
      const what = `if it is needed, what was written since ${at.toISOString()} is searched for`;
      const advice = `${what}; otherwise it is written again, and nothing needs to be done`;
      unreadable({ collection, id, problem, advice });
    }
    const offset = isCount(row['offset']) ? Number(row['offset']) : null;
    const by = { savedAt: dateOf(row['savedAt']), workerId: textOf(row['workerId']) };
    return { partition, topicId: textOf(row['topicId']), offset, at, ...by };
  };
  const toUpdate = ({ partition, topicId, offset, at }: SavedTopicPlace): Update => {
    const isNoFurther = { offset: { $not: { $gt: offset } } };
    const filter: Filter<TopicMemoryRow> = {
      _id: `${prefix}${partition}`,
      $or: [isNoFurther, { topicId: { $ne: topicId } }, ...hasOddOffset],
    };
    const update = {
      $set: { topicId, offset, at, workerId, partitions: partitions() },
      $currentDate: { savedAt: true },
    } as const;
    return { filter, update };
  };
  const write = async (updates: readonly Update[], upsert: boolean): Promise<void> => {
    const operations = updates.map((update) => ({ updateOne: { ...update, upsert } }));
    await withDeadline(patience, () => rows.bulkWrite(operations, { ordered: false }));
  };

  return {
    async firstStart({ topicId, partitions: count, at }) {
      const filter = ofFirstStart;
      const update = { $setOnInsert: { topicId, partitions: count, at, workerId } };
      const { upsertedCount } = await withDeadline(patience, () =>
        rows.updateOne(filter, update, { upsert: true }),
      );
      if (upsertedCount === 1) return { topicId, partitions: count, at, isNew: true };
      const [row] = await findAll(patience, rows, filter);
      if (row === undefined) throw new Error('the first start of the topic was removed meanwhile');
      return toFirstStart(row);
    },
    async load() {
      // What follows the colon in the order of characters: no topic's name has either.
      const ofTopic = { _id: { $gte: prefix, $lt: `${PREFIX}${topic};` } };
      const found = await findAll(patience, rows, ofTopic);
      return found.map(toPlace).filter((place) => place !== null);
    },
    async save(places) {
      if (places.length === 0) return;
      const updates = places.map(toUpdate);
      try {
        await write(updates, true);
      } catch (error) {
        const { failed } = expectedFailures(error, (code) => code === codes.duplicateKey);
        // Their rows are there and further, or have only just been added by somebody else.
        await write(
          updates.filter((_, index) => failed.has(index)),
          false,
        );
      }
    },
  };
}
