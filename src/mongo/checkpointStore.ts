import { randomUUID } from 'node:crypto';
import { BSON, Timestamp, type Filter } from 'mongodb';
import type { StreamPosition } from '../domain/change.ts';
import type { CheckpointStore } from '../pipeline/ports.ts';
import { Fenced } from '../runtime/abort.ts';
import { createPatience, limits, withDeadline } from './calls.ts';
import { codes, serverCode } from './errorCodes.ts';
import { fromPosition, toPosition } from './position.ts';
import { PARTITION, type CheckpointRow, type StateCollections } from './stateCollections.ts';

const text = (uuid: unknown): string => BSON.EJSON.stringify([uuid]);

export function createCheckpointStore(
  checkpoints: StateCollections['checkpoints'],
  watched: Readonly<{ namespace: string; collectionUuid: unknown }>,
  holder: Readonly<{ owner: string; epoch: number }>,
): CheckpointStore {
  const patience = createPatience(limits.write);
  const doubtOf = async (row: CheckpointRow, clusterTime: Timestamp): Promise<string | null> => {
    const { collectionUuid, namespace } = watched;
    if (row['namespace'] !== namespace) return 'it is of another collection';
    const saved: unknown = row['collectionUuid'] ?? null;
    if (saved !== null && collectionUuid !== null && text(saved) !== text(collectionUuid)) {
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
    $or: [{ epoch: { $exists: false } }, { epoch: { $lte: holder.epoch } }],
    ...(ours !== null && { save: { $in: [...ours] } }),
  });
  return {
    async load() {
      const row = await withDeadline(patience, () => checkpoints.findOne({ _id: PARTITION }));
      if (row === null) {
        // What adds it is one of our own saves.
        ours = [null];
        return null;
      }
      ours = [(row['save'] as string | undefined) ?? null];
      const clusterTime: unknown = row['clusterTime'];
      const wallTime: unknown = row['wallTime'];
      const token: unknown = row['token'] ?? null;
      const isWhole =
        clusterTime instanceof Timestamp && wallTime instanceof Date && typeof token === 'object';
      if (!isWhole) {
        throw new Error(
          `the checkpoint row '${PARTITION}' in ${checkpoints.namespace} is damaged: clusterTime must be a Timestamp, wallTime a Date and token a document or null`,
        );
      }
      const position = toPosition({ token, clusterTime }, wallTime);
      return { position, doubt: await doubtOf(row, clusterTime) };
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
