import type { Db, Document } from 'mongodb';
import { orAbort, pause } from '../runtime/abort.ts';
import type { Logger } from '../runtime/logger.ts';
import { limits, withDeadline, type Limit } from './calls.ts';
import type { StateCollections } from './database.ts';
import { endpointStatsIndexes } from './endpointStats.ts';
import { endedIndex, endedOfAccountIndex, ledgerIndexes } from './ledger.ts';
import { retryIndexes, waitingIndex } from './retryRow.ts';
import { partitionIndexes } from './rowPartitions.ts';

type Indexed = Pick<StateCollections, 'sent' | 'retries'>;
type AllIndexed = Indexed & Pick<StateCollections, 'endpointStats'>;
/** How the rows of durable state are shared out among workers. */
export interface Sharing {
  readonly isPartitioned?: boolean;
}
type Index = Document & { readonly key: Readonly<Record<string, number>> };

/**
 * Creates the worker's own collections and their indexes where they are missing, each through `create`; the names of
 * those where there was any to create. Where there is none it costs a look at the catalogue. The indexes that rows shared
 * out by partition need are created only where they are, since each costs something with every row that is written.
 */
export async function ensureStateCollections(
  { sent, retries }: Indexed,
  create: (namespace: string, createIndexes: () => Promise<boolean>) => Promise<boolean> = async (
    _,
    createIndexes,
  ) => await createIndexes(),
  { isPartitioned = false }: Sharing = {},
): Promise<readonly string[]> {
  const created: string[] = [];
  const wanted = [
    [sent, ledgerIndexes],
    [retries, isPartitioned ? [...retryIndexes, ...partitionIndexes] : retryIndexes],
  ] as const;
  for (const [{ namespace, collectionName, db }, indexes] of wanted) {
    const isNew = await create(
      namespace,
      async () => await createMissingIndexes(db, collectionName, { indexes, limit: limits.index }),
    );
    if (isNew) created.push(collectionName);
  }
  return created;
}

/**
 * Creates the indexes that only operators' lists go by, where they are missing; the names of the collections where
 * there was any to create. Of a ledger with rows in it that may take the server minutes, in which all goes on: nobody
 * should wait for it. It does not wait for members of the replica set that are down.
 */
export async function ensureListIndexes(
  { sent, retries }: Indexed,
  limit: Limit = limits.index,
): Promise<readonly string[]> {
  const wanted = [
    { rows: retries, indexes: [{ key: waitingIndex }] },
    { rows: sent, indexes: [{ key: endedIndex }, { key: endedOfAccountIndex }] },
  ];
  const created = wanted.map(async ({ rows: { db, collectionName }, indexes }) => {
    const options = { indexes, limit, commitQuorum: 'majority' };
    return (await createMissingIndexes(db, collectionName, options)) ? [collectionName] : [];
  });
  return (await Promise.all(created)).flat();
}

/** The same of the statistics, which remove their rows by one of them. */
export async function ensureStatsIndexes(
  { endpointStats: { db, collectionName } }: Pick<StateCollections, 'endpointStats'>,
  limit: Limit = limits.index,
): Promise<readonly string[]> {
  const options = { indexes: endpointStatsIndexes, limit, commitQuorum: 'majority' };
  return (await createMissingIndexes(db, collectionName, options)) ? [collectionName] : [];
}

/** By the plain command, which alone says whether there was anything to do. */
async function createMissingIndexes(
  db: Db,
  collectionName: string,
  { indexes, limit, ...more }: Document & Readonly<{ indexes: readonly Index[]; limit: Limit }>,
): Promise<boolean> {
  const answer = await withDeadline(limit, () =>
    db.command({
      createIndexes: collectionName,
      // Named as drivers name them, and earlier versions did.
      indexes: indexes.map((each) => ({
        ...each,
        name: Object.entries(each.key).flat().join('_'),
      })),
      writeConcern: { w: 'majority' },
      ...more,
    }),
  );
  // Behind a mongos the figures are by shard: then it says no.
  return answer['numIndexesAfter'] !== answer['numIndexesBefore'];
}

const CHECK_EVERY_MS = 10_000;
/** Nothing but commands and pages for support waits for those. */
const CHECK_LIST_INDEXES_EVERY_MS = 30_000;

interface Keeping extends Sharing {
  readonly logger: Logger;
  readonly stopping: AbortSignal;
}

/**
 * Sees to it, until `stopping`, that the worker's own collections have their indexes, also after somebody has dropped
 * them: a collection comes back with its next row, but without any, and the search for due rows needs one. Those that
 * only lists and statistics go by are made here, and beside the others: what an earlier version has written may take
 * minutes.
 */
export async function keepIndexes(state: AllIndexed, keeping: Keeping): Promise<void> {
  await Promise.all([
    keepOwn(state, keeping),
    keepThoseOfLists(state, keeping),
    keepThoseOfStats(state, keeping),
  ]);
}

async function keepOwn(state: Indexed, { logger, stopping, ...sharing }: Keeping): Promise<void> {
  while (!stopping.aborted) {
    await pause(CHECK_EVERY_MS, stopping);
    if (stopping.aborted) return;
    try {
      for (const collection of await ensureStateCollections(state, undefined, sharing)) {
        logger.error('indexes_created', { collection });
      }
    } catch (error) {
      logger.warn('database_retry', { what: 'indexes', error });
    }
  }
}

async function keepThoseOfLists(state: Indexed, { logger, stopping }: Keeping): Promise<void> {
  while (!stopping.aborted) {
    try {
      await reportCreated(() => ensureListIndexes(state), { logger, stopping });
    } catch (error) {
      if (stopping.aborted) return;
      logger.warn('database_retry', { what: 'indexes of list', error });
    }
    await pause(CHECK_LIST_INDEXES_EVERY_MS, stopping);
  }
}

async function keepThoseOfStats(
  state: Pick<StateCollections, 'endpointStats'>,
  { logger, stopping }: Keeping,
): Promise<void> {
  let hasFailed = false;
  while (!stopping.aborted) {
    try {
      await reportCreated(() => ensureStatsIndexes(state), { logger, stopping });
      hasFailed = false;
    } catch (error) {
      if (stopping.aborted) return;
      // Once: the right to it may be missing, and nothing depends on it.
      if (!hasFailed) logger.warn('database_retry', { what: 'indexes of statistics', error });
      hasFailed = true;
    }
    await pause(CHECK_LIST_INDEXES_EVERY_MS, stopping);
  }
}

async function reportCreated(
  ensure: () => Promise<readonly string[]>,
  { logger, stopping }: Pick<Keeping, 'logger' | 'stopping'>,
): Promise<void> {
  const begunAt = performance.now();
  for (const collection of await orAbort(ensure(), stopping)) {
    const durationMs = Math.round(performance.now() - begunAt);
    logger.info('list_indexes_created', { collection, durationMs });
  }
}
