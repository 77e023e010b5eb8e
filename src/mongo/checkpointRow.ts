import { Timestamp, type Document } from 'mongodb';
import type { StreamPosition } from '../domain/change.ts';
import { clusterTimeOfToken, toPosition } from './position.ts';
import { isDate, isDocument } from './rowProblem.ts';

/** A checkpoint's row, as far as a worker goes on from it. */
export interface ReadCheckpoint {
  /** Null when no time of the stream can be read: then only a search from `from` on finds what came since. */
  readonly position: StreamPosition | null;
  readonly from: Date;
  /** What is wrong with it, and what comes of that; null when nothing is. */
  readonly fault: Readonly<{ problem: string; advice: string }> | null;
}

/**
 * The stream goes on by its token; without one by the cluster time, which is exact as well. Where neither can be read
 * it is searched from the best time there is; from `earliest`, what is known to have been told, when there is none.
 */
export function readCheckpointRow(row: Document, earliest: Date): ReadCheckpoint {
  const token = (row['token'] ?? null) as unknown;
  const isToken = token === null || hasData(token);
  const wallTime = isDate(row['wallTime']) ? (row['wallTime'] as Date) : null;
  const ownTime: unknown = row['clusterTime'];
  const isTime = ownTime instanceof Timestamp && !ownTime.isZero();
  const isSave = (row['save'] ?? null) === null || typeof row['save'] === 'string';
  const problem = [
    ...(isTime ? [] : ['clusterTime must be a Timestamp']),
    ...(wallTime === null ? ['wallTime must be a Date'] : []),
    ...(isToken ? [] : ['token must be a resume token or null']),
    ...(isSave ? [] : ['save must be a text']),
  ].join(', ');
  const clusterTime = isTime ? ownTime : clusterTimeOfToken(token);
  if (clusterTime === null) {
    const from = wallTime ?? (isDate(row['savedAt']) ? (row['savedAt'] as Date) : earliest);
    const what = `what was written since ${from.toISOString()} is searched for`;
    const advice = `${what}; if the worker stood still before that, run \`backfill --since\``;
    return { position: null, from, fault: { problem, advice } };
  }
  const position = toPosition(
    { token: isToken ? token : null, clusterTime },
    wallTime ?? undefined,
  );
  const advice = 'the stream goes on where the rest of it says; nothing is to be done';
  const fault = problem === '' ? null : { problem, advice };
  return { position, from: position.wallTime, fault };
}

function hasData(token: unknown): boolean {
  return isDocument(token) && typeof (token as Document)['_data'] === 'string';
}
