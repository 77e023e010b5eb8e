import type { Document } from 'mongodb';
import { dueIndex, type RetryRow, type StateCollections } from './stateCollections.ts';

type Retries = StateCollections['retries'];

/** By the server's clock, which all workers share. */
export function inMs(ms: number): Document {
  return { $add: ['$$NOW', ms] };
}

const isDue = { $lte: ['$nextAttemptAt', '$$NOW'] };

/**
 * The endpoints with a row that is due. Reads one index entry per endpoint that has rows at all (a
 * DISTINCT_SCAN), however many rows each has.
 */
export async function findDueEndpoints(retries: Retries): Promise<readonly string[]> {
  const found = await retries
    .aggregate<{ _id: string }>([
      { $sort: dueIndex },
      { $group: { _id: '$endpoint', nextAttemptAt: { $first: '$nextAttemptAt' } } },
      { $match: { $expr: isDue } },
    ])
    .toArray();
  return found.map(({ _id }) => _id);
}

/**
 * For each time an endpoint is named, one of its rows, those that have been due longest; null where there
 * are not so many. Whoever else claims at the same moment gets others.
 */
export async function claimDueRows(
  retries: Retries,
  endpointKeys: readonly string[],
  { claim, claimMs }: Readonly<{ claim: { by: string; token: string }; claimMs: number }>,
): Promise<readonly (RetryRow | null)[]> {
  const wanted = new Map<string, number>();
  for (const key of endpointKeys) wanted.set(key, (wanted.get(key) ?? 0) + 1);
  const due = await Promise.all(
    [...wanted].map(async ([endpoint, limit]) => await findDue(retries, endpoint, limit)),
  );
  const ids = due.flat();
  if (ids.length === 0) return endpointKeys.map(() => null);
  await retries.updateMany({ _id: { $in: ids }, $expr: isDue }, [
    { $set: { claim: { $literal: claim }, nextAttemptAt: inMs(claimMs) } },
  ]);
  const rows = await retries.find({ _id: { $in: ids }, 'claim.token': claim.token }).toArray();
  const byId = new Map(rows.map((row) => [row._id, row]));
  const left = new Map(
    [...wanted.keys()].map((key, index) => [
      key,
      (due[index] ?? []).flatMap((id) => byId.get(id) ?? []),
    ]),
  );
  return endpointKeys.map((key) => left.get(key)?.shift() ?? null);
}

async function findDue(retries: Retries, endpoint: string, limit: number): Promise<string[]> {
  const rows = await retries
    .find({ endpoint, $expr: isDue }, { projection: { _id: 1 }, sort: { nextAttemptAt: 1 }, limit })
    .toArray();
  return rows.map((row) => row._id);
}
