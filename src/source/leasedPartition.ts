import { createCondition } from '../runtime/condition.ts';
import { retryTransient } from '../runtime/retry.ts';
import {
  FIRST_PARTITION,
  type ChangeSource,
  type CheckpointStore,
  type GapStore,
  type Partition,
  type PartitionSource,
} from '../ports/source.ts';
import type { Metrics } from '../ports/telemetry.ts';
import { runUnderLease, type LeaseDeps, type LeaseReports, type LeaseTerm } from './lease.ts';
import { startPosition } from './startPosition.ts';
import { createStreamReader } from './streamReader.ts';

/** What one term reads and writes. */
export interface TermStores {
  readonly source: ChangeSource;
  readonly checkpoints: CheckpointStore;
  readonly gaps: GapStore;
}

interface PartitionDeps extends Pick<LeaseDeps, 'logger' | 'health'> {
  readonly metrics: Metrics;
  /** Where the first start ever begins; null for the present. */
  readonly startAt: Date | null;
}

export interface LeasedPartitionDeps
  extends PartitionDeps, Pick<LeaseDeps, 'leases' | 'standbys' | 'ttlMs'> {
  /** The stores of one term, which do not outlive it. */
  storesOf(term: LeaseTerm): TermStores;
}

/** The only partition there is: the whole change stream, for whoever holds the lease. */
export function createLeasedPartition(deps: LeasedPartitionDeps): PartitionSource {
  return {
    async run(work, stopping) {
      const workOneTerm = async (term: LeaseTerm): Promise<void> => {
        const partition = await openPartition(term, { ...deps, ...deps.storesOf(term) });
        if (partition === null) return;
        try {
          await work(partition);
        } finally {
          await partition.release();
        }
      };
      const reports = createLeaseReports(deps);
      await runUnderLease({ ...deps, reports, work: workOneTerm, stopping });
    },
  };
}

export function createLeaseReports({
  logger,
  metrics,
}: Pick<PartitionDeps, 'logger' | 'metrics'>): LeaseReports {
  return {
    acquired(epoch) {
      logger.info('lease_acquired', { epoch });
      metrics.leaseHeld(FIRST_PARTITION, true);
    },
    lost(epoch, cause) {
      logger.warn('lease_lost', { epoch, cause });
      metrics.leaseHeld(FIRST_PARTITION, false);
    },
    released: () => metrics.leaseHeld(FIRST_PARTITION, false),
  };
}

const FENCED = 'its checkpoint was written by another, or turned back';

/** Null when the term was lost at once. Rejects when it ends before the database answers. */
export async function openPartition(
  term: LeaseTerm,
  deps: PartitionDeps & TermStores,
): Promise<Partition | null> {
  const { source, checkpoints, gaps, logger, metrics } = deps;
  const { stopping } = term;
  const start = await retryTransient(async () => await startPosition(deps), {
    what: 'checkpoint',
    signal: stopping,
    logger,
  });
  if (start === 'fenced') {
    term.lose(FENCED);
    return null;
  }
  metrics.checkpointAt(FIRST_PARTITION, start.wallTime);
  const reader = createStreamReader({ ...deps, start, stopping });
  /** Where the last read led, and up to where all is at least being processed. */
  let position = start;
  let begun = start;
  const progress = createCondition();
  return {
    id: FIRST_PARTITION,
    epoch: term.epoch,
    stopping,
    isHeld: term.isHeld,
    start,
    gaps,
    async read() {
      begun = position;
      progress.check();
      const read = await reader.read();
      position = read.kind === 'change' ? read.change.position : read.position;
      return read;
    },
    async caughtUp() {
      const what = { what: 'gap', signal: stopping, logger };
      const now = await retryTransient(source.currentPosition, what);
      await progress.until(() => source.hasReached(begun, now), stopping);
    },
    async save(saved) {
      const result = await checkpoints.save(saved);
      // At a stop the term is over anyway, and its lease can be handed over.
      if (result === 'fenced' && !stopping.aborted) term.lose(FENCED);
      return result;
    },
    async release() {
      reader.close();
      await term.release();
    },
  };
}
