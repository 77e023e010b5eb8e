import { beforeEach, expect } from '@jest/globals';
import { Long, type Db, type Document } from 'mongodb';
import { stateCollections, type StateCollections } from '../../src/mongo/database.ts';
import { createUnreadableRows, type ReportUnreadable } from '../../src/mongo/storedRow.ts';
import { createMemoryLogger, type MemoryLogger } from './memoryLogger.ts';
import { createRecordingMetrics } from './recorders.ts';

export type Fields = Readonly<Record<string, unknown>>;

interface OddRows {
  readonly state: StateCollections;
  readonly logger: MemoryLogger;
  readonly unreadable: ReportUnreadable;
  /** That the row was counted and logged, with what is wrong and what to do. */
  expectReported(collection: string, id: unknown): void;
}

/** State collections of their own for each test, empty. */
export function useOddRows(database: () => Db): () => OddRows {
  let rows: OddRows | null = null;
  beforeEach(async () => {
    await database().dropDatabase();
    const logger = createMemoryLogger();
    const metrics = createRecordingMetrics();
    rows = {
      state: stateCollections(database()),
      logger,
      unreadable: createUnreadableRows({ logger, metrics }),
      expectReported(collection, id) {
        expect(logger.lines).toContainEqual({
          level: 'error',
          event: 'row_unreadable',
          fields: { collection, id, problem: expect.any(String), advice: expect.any(String) },
        });
        expect(metrics.reported).toContainEqual(['rowUnreadable', collection]);
      },
    };
  });
  return () => {
    if (rows === null) throw new Error('no test has begun');
    return rows;
  };
}

/** Made by the server, since the driver can't write them. */
export const made = {
  dateBeyondAll: { $toDate: Long.fromNumber(9e15) },
  unwritable: { $arrayToObject: [[{ k: '_bsontype', v: 'Odd' }]] },
} as const;
const isMade = (value: unknown): boolean => Object.values<unknown>(made).includes(value);

/** Has the row that the filter finds hold these values; `undefined` removes a field. */
export async function damage(rows: { updateOne: unknown }, filter: Document, fields: Fields) {
  const entries = Object.entries(fields);
  const removed = entries.filter(([, value]) => value === undefined).map(([name]) => name);
  const set = entries
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => [name, isMade(value) ? value : { $literal: value }] as const);
  const { modifiedCount } = await (rows as StateCollections['gaps']).updateOne(filter, [
    { $set: Object.fromEntries(set) },
    ...(removed.length === 0 ? [] : [{ $unset: removed }]),
  ]);
  expect(modifiedCount).toBe(1);
}
