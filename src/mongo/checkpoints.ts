import { randomUUID } from 'node:crypto';
import { BSON, Timestamp, type Collection, type Document, type Filter } from 'mongodb';
import type { CheckpointStore } from '../ports/source.ts';
import { createPatience, limits, withDeadline } from './calls.ts';
import { asBytes, decodeAll } from './decodeDocument.ts';
import { codes, serverCode } from './errors.ts';
import { clusterTimeOfToken, fromPosition, toPosition } from './position.ts';
import { isDate, isDocument, reportNothing, type ReportUnreadable } from './storedRow.ts';

/** The stream's only partition, until there are several. */
export const PARTITION = '0';

/** The position in one partition of the stream. */
export interface CheckpointRow {
  readonly _id: string;
  /** The collection whose stream it is, by its name and, if the server reports it, its UUID. */
  readonly namespace: string;
  readonly collectionUuid: unknown;
  readonly token: unknown;
  readonly clusterTime: Timestamp;
  readonly wallTime: Date;
  /** Names the save that wrote it. Missing from rows of versions that did not name their saves. */
  readonly save: string | null;
  readonly savedAt: Date;
  readonly owner: string;
  /** Of the lease under which it was written. */
  readonly epoch: number;
}

export type CheckpointRows = Collection<CheckpointRow>;

/** Matches a checkpoint row whose epoch no worker can have written. */
export const hasOddEpoch: readonly Filter<CheckpointRow>[] = [
  { epoch: { $not: { $lte: Number.MAX_SAFE_INTEGER } } },
  { epoch: { $type: 'array' } },
];

/** No worker has written what is in the place of a save. */
const isNoSave: Filter<CheckpointRow> = {
  $and: [{ save: { $ne: null } }, { save: { $not: { $type: 'string' } } }],
};

interface CheckpointReading {
  /** Where a checkpoint without any time is taken to be: statuses from then on are known to have been notified. */
  earliest?(): Date;
  readonly unreadable?: ReportUnreadable;
}

export function createCheckpointStore(
  checkpoints: CheckpointRows,
  watched: Readonly<{ namespace: string; collectionUuid: unknown }>,
  holder: Readonly<{ owner: string; epoch: number }>,
  { earliest = () => new Date(0), unreadable = reportNothing }: CheckpointReading = {},
): CheckpointStore {
  const patience = createPatience(limits.write);
  const doubtOf = async (row: Document, clusterTime: Timestamp): Promise<string | null> => {
    const { collectionUuid, namespace } = watched;
    if (row['namespace'] !== namespace) return 'it is of another collection';
    const saved: unknown = row['collectionUuid'] ?? null;
    if (saved !== null && collectionUuid !== null && !isSame(saved, collectionUuid)) {
      return 'the collection was dropped and created again, or restored';
    }
    const answer = await withDeadline(patience, () => checkpoints.db.command({ ping: 1 }));
    // The server would accept such a time without an error, and never show an event.
    return clusterTime.greaterThan(answer['operationTime'] as Timestamp)
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
      // What adds a row that is missing is one of our own saves.
      ours = [typeof row?.['save'] === 'string' ? row['save'] : null];
      if (row === undefined) return null;
      const { position, clusterTime, fault } = readRow(row, earliest());
      if (fault !== null) {
        unreadable({ collection: checkpoints.collectionName, id: PARTITION, ...fault });
      }
      const doubt =
        clusterTime === null ? 'no time of it can be read' : await doubtOf(row, clusterTime);
      return { position, doubt };
    },
    async save(position) {
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
        if (matchedCount === 0) return 'fenced';
      }
      ours = [save];
      return 'saved';
    },
  };
}

/**
 * A worker continues the stream by its token; without one by the cluster time, which is exact as well. Where neither
 * can be read (`clusterTime` is null) it scans from the best time there is, at worst from `earliest`. `fault` is what
 * is wrong with the row, and what comes of that; null when nothing is.
 */
function readRow(row: Document, earliest: Date) {
  const token = (row['token'] ?? null) as unknown;
  const isToken = token === null || hasData(token);
  const wallTime = isDate(row['wallTime']) ? (row['wallTime'] as Date) : undefined;
  const ownTime: unknown = row['clusterTime'];
  const isTime = ownTime instanceof Timestamp && !ownTime.isZero();
  const isSave = (row['save'] ?? null) === null || typeof row['save'] === 'string';
  const problem = [
    ...(isTime ? [] : ['clusterTime must be a Timestamp']),
    ...(wallTime !== undefined ? [] : ['wallTime must be a Date']),
    ...(isToken ? [] : ['token must be a resume token or null']),
    ...(isSave ? [] : ['save must be a text']),
  ].join(', ');
  const clusterTime = isTime ? ownTime : clusterTimeOfToken(token);
  if (clusterTime === null) {
    const from = wallTime ?? (isDate(row['savedAt']) ? (row['savedAt'] as Date) : earliest);
    const what = `what was written since ${from.toISOString()} is searched for`;
    const advice = `${what}; if the worker was down before that, run \`backfill --since\``;
    return { position: { wallTime: from, opaque: null }, clusterTime, fault: { problem, advice } };
  }
  const position = toPosition({ token: isToken ? token : null, clusterTime }, wallTime);
  const advice = 'the stream continues where the rest of it says; nothing needs to be done';
  return { position, clusterTime, fault: problem === '' ? null : { problem, advice } };
}

function hasData(token: unknown): boolean {
  return isDocument(token) && typeof (token as Document)['_data'] === 'string';
}

/** Whether two values are the same; not when one can't be written. */
function isSame(one: unknown, other: unknown): boolean {
  try {
    return BSON.EJSON.stringify([one]) === BSON.EJSON.stringify([other]);
  } catch {
    return false;
  }
}
