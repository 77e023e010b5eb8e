import { randomUUID } from 'node:crypto';
import { BSON, type Document, type Filter, type Timestamp } from 'mongodb';
import type { StreamPosition } from '../domain/change.ts';
import type { CheckpointStore } from '../pipeline/ports.ts';
import { Fenced } from '../runtime/abort.ts';
import { createPatience, limits, withDeadline } from './calls.ts';
import { readCheckpointRow } from './checkpointRow.ts';
import { asBytes, decodeAll } from './decodeDocument.ts';
import { codes, serverCode } from './errorCodes.ts';
import { hasOddEpoch } from './leaseRow.ts';
import { fromPosition } from './position.ts';
import { PARTITION, type CheckpointRow, type StateCollections } from './stateCollections.ts';
import { tellNobody, type TellUnreadable } from './unreadableRows.ts';

/** What stands in the place of a save, and no worker has written. */
const isNoSave: Filter<CheckpointRow> = {
  $and: [{ save: { $ne: null } }, { save: { $not: { $type: 'string' } } }],
};

/** Whether two values are the same; not when one can't be written. */
function isSame(one: unknown, other: unknown): boolean {
  try {
    return BSON.EJSON.stringify([one]) === BSON.EJSON.stringify([other]);
  } catch {
    return false;
  }
}

interface CheckpointReading {
  /** Where a checkpoint that says no time at all is taken to be: what was told since then is known. */
  earliest?(): Date;
  readonly unreadable?: TellUnreadable;
}

export function createCheckpointStore(
  checkpoints: StateCollections['checkpoints'],
  watched: Readonly<{ namespace: string; collectionUuid: unknown }>,
  holder: Readonly<{ owner: string; epoch: number }>,
  { earliest = () => new Date(0), unreadable = tellNobody }: CheckpointReading = {},
): CheckpointStore {
  const patience = createPatience(limits.write);
  const doubtOf = async (row: Document, clusterTime: Timestamp): Promise<string | null> => {
    const { collectionUuid, namespace } = watched;
    if (row['namespace'] !== namespace) return 'it is of another collection';
    const saved: unknown = row['collectionUuid'] ?? null;
    if (saved !== null && collectionUuid !== null && !isSame(saved, collectionUuid)) {
      return 'the collection was dropped and made anew, or restored';
    }
    const answer = await withDeadline(patience, () => checkpoints.db.command({ ping: 1 }));
    const now = answer['operationTime'] as Timestamp;
    // The server would accept it without a word, and never tell of anything.
    return clusterTime.greaterThan(now)
      ? 'it is ahead of the server: an older state was restored'
      : null;
  };
  /**
   * Which saves the row may hold if nobody else has written it: the last one known to be there, and those
   * since whose answers were lost. Null before the row was seen.
   */
  let ours: (string | null)[] | null = null;
  const notOvertaken = (): Filter<CheckpointRow> => ({
    _id: PARTITION,
    $and: [
      { $or: [...hasOddEpoch, { epoch: { $lte: holder.epoch } }] },
      ...(ours === null ? [] : [{ $or: [{ save: { $in: [...ours] } }, isNoSave] }]),
    ],
  });
  return {
    async load() {
      const found = await withDeadline(patience, () =>
        checkpoints.find({ _id: PARTITION }, asBytes).toArray(),
      );
      const [row] = decodeAll(found);
      if (row === undefined) {
        // What adds it is one of our own saves.
        ours = [null];
        return null;
      }
      ours = [typeof row['save'] === 'string' ? row['save'] : null];
      const { position, from, fault } = readCheckpointRow(row, earliest());
      if (fault !== null) {
        unreadable({ collection: checkpoints.collectionName, id: PARTITION, ...fault });
      }
      if (position === null) {
        return { position: { wallTime: from, opaque: null }, doubt: 'no time of it can be read' };
      }
      return { position, doubt: await doubtOf(row, fromPosition(position).clusterTime) };
    },
    async save(position: StreamPosition) {
      const { token, clusterTime } = fromPosition(position);
      const save = randomUUID();
      const update = {
        $set: { token, clusterTime, wallTime: position.wallTime, save, ...watched, ...holder },
        $currentDate: { savedAt: true },
      } as const;
      const filter = notOvertaken();
      ours?.push(save);
      try {
        await withDeadline(patience, () => checkpoints.updateOne(filter, update, { upsert: true }));
      } catch (error) {
        if (serverCode(error) !== codes.duplicateKey) throw error;
        // The row is there and overtaken, or has only just been added by somebody else.
        const { matchedCount } = await withDeadline(patience, () =>
          checkpoints.updateOne(filter, update),
        );
        if (matchedCount === 0) throw new Fenced();
      }
      ours = [save];
    },
  };
}
