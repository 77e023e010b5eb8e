import { randomUUID } from 'node:crypto';
import type { ClaimedRetry, IdSet } from '../ports/retries.ts';
import type { Metrics } from '../ports/telemetry.ts';
import { pause } from '../runtime/abort.ts';
import { createBatcher, type Batcher } from '../runtime/batcher.ts';
import type { Logger } from '../runtime/logger.ts';
import { createBackoff } from '../runtime/retry.ts';
import { withDeadline, type Patience } from './calls.ts';
import { claimDueRows, claimOldRows, putAside, type Claim, type StoredRow } from './claimRows.ts';
import { createDueSearch } from './dueSearch.ts';
import { readRetryRow, type RetryRows } from './retryRow.ts';
import type { Partitions } from './rowPartitions.ts';
import type { RefusedRows } from './rowWrites.ts';

/** How long after its claim was abandoned a row is looked at: what is claimed after that runs out. */
const GIVE_BACK_WITHIN_MS = 120_000;

/** The claims of one store on rows that are due. */
export function createClaims(options: {
  readonly retries: RetryRows;
  /** Whose rows may be claimed now. */
  partitions(): Partitions;
  readonly workerId: string;
  readonly claimMs: number;
  readonly patience: Patience;
  readonly refused: RefusedRows;
  readonly logger: Logger;
  readonly metrics: Pick<Metrics, 'rowUnreadable'>;
  readonly signal: AbortSignal;
  /** Rows are due that were not. */
  onDue(): void;
}) {
  const { retries, workerId, claimMs, refused, patience, logger, metrics, signal, onDue } = options;
  /** Begins the token of every claim of this store. A worker's name may be an earlier process', too. */
  const own = randomUUID();
  const newToken = (): string => `${own}:${randomUUID()}`;

  /**
   * Releases rows whose claim was abandoned: otherwise nobody would process them until the claim has run out. Repeats
   * until MongoDB has answered after the claiming call has ended, that is once `ended` has settled: when the server has
   * answered it or never will.
   */
  const giveBack = async (
    ids: readonly string[],
    token: string,
    ended: Promise<unknown>,
  ): Promise<void> => {
    const ours = { _id: { $in: [...ids] }, 'claim.token': token };
    const update = [{ $set: { nextAttemptAt: '$$NOW' } }, { $unset: 'claim' }];
    const { next: nextWaitMs } = createBackoff({ minMs: 200, maxMs: 2_000 });
    const until = performance.now() + GIVE_BACK_WITHIN_MS;
    let hasEnded = false;
    const end = (): boolean => (hasEnded = true);
    void ended.then(end, end);
    while (!signal.aborted && performance.now() < until) {
      const isLast = hasEnded;
      try {
        const { modifiedCount } = await withDeadline(patience, () =>
          retries.updateMany(ours, update),
        );
        if (modifiedCount > 0) onDue();
        if (isLast) return;
      } catch (error) {
        logger.warn('database_retry', { what: 'claims', error });
      }
      await pause(nextWaitMs(), signal);
    }
  };
  const newClaim = (): Claim => {
    const token = newToken();
    return {
      ...{ by: workerId, token, claimMs, limit: patience },
      leave: (ids, ended) => void giveBack(ids, token, ended),
      refuse(id, claimAgain) {
        refused.refuse(id, async () => {
          await claimAgain();
          void giveBack([id], token, Promise.resolve());
        });
      },
    };
  };
  const search = createDueSearch();
  const allBut = (except: IdSet): IdSet => ({ has: (id) => except.has(id) || refused.has(id) });

  /** Null for a row that can't be read: it is put aside. */
  const toClaimed = async (row: StoredRow, claim: Claim): Promise<ClaimedRetry | null> => {
    const read = await readRetryRow(row);
    if ('retry' in read) {
      const partition: unknown = row['partition'];
      const ofPartition = typeof partition === 'number' ? { partition } : {};
      return { retry: read.retry, token: claim.token, ...ofPartition };
    }
    const { problem } = read;
    const collection = retries.collectionName;
    metrics.rowUnreadable(collection);
    logger.error('row_unreadable', { collection, id: row._id, problem });
    const put = async (): Promise<void> => await putAside(retries, row, { problem, claim });
    // The others were claimed with it. Until it is put aside it must not be claimed again and again.
    await put().catch(() => refused.refuse(row._id, put));
    return null;
  };
  const claims: Batcher<Wanted, ClaimedRetry | null> = createBatcher({
    maxSize: 256,
    lingerMs: 5,
    // Two at once would find the same rows.
    concurrency: 1,
    async run(wanted: readonly Wanted[]) {
      const claim = newClaim();
      const endpointKeys = wanted.map(({ endpointKey }) => endpointKey);
      const excepts = [...new Set(wanted.map((each) => each.except))];
      const except = allBut({ has: (id) => excepts.some((each) => each.has(id)) });
      const claimable = { partitions: options.partitions(), except };
      const claimed = await claimDueRows(retries, { endpointKeys, search, ...claimable }, claim);
      const read = await Promise.all(
        claimed.map(async (row) => (row === null ? null : await toClaimed(row, claim))),
      );
      // Each of these has its turn: what can't be read is put aside, and the next one is claimed.
      const isPutAside = (index: number): boolean =>
        claimed[index] !== null && read[index] === null;
      const left = wanted.map((each, index) => (isPutAside(index) ? claims.add(each) : null));
      return read.map((row, index) => left[index] ?? row);
    },
  });
  return {
    /** As `RetryStore`'s `claimDue`. */
    due: async (endpointKey: string, except: IdSet): Promise<ClaimedRetry | null> =>
      await claims.add({ endpointKey, except }),
    /** As `RetryStore`'s `claimAcceptedBefore`. */
    async acceptedBefore(
      before: Date,
      limit: number,
      except: IdSet,
    ): Promise<readonly ClaimedRetry[]> {
      const claim = newClaim();
      const claimable = { partitions: options.partitions(), except: allBut(except) };
      const rows = await claimOldRows(retries, { before, limit, ...claimable }, claim);
      const read = await Promise.all(rows.map(async (row) => await toClaimed(row, claim)));
      return read.filter((row) => row !== null);
    },
    /** For a row that is new. */
    newToken,
    /** Matches the tokens of all claims of this store. */
    own: { $gt: `${own}:`, $lt: `${own};` },
  };
}

/** One row of this endpoint, none of these. */
interface Wanted {
  readonly endpointKey: string;
  readonly except: IdSet;
}
