import { anyOf, delay, pause, Stopping } from '../runtime/abort.ts';
import type { Logger } from '../runtime/logger.ts';
import {
  LEASE_MARGIN,
  type Lease,
  type LeaseStore,
  type Partition,
  type Standbys,
} from '../ports/source.ts';
import type { LoopHealth } from '../ports/telemetry.ts';

/** The time for which this worker holds the lease. */
export interface LeaseTerm extends Pick<Partition, 'epoch' | 'stopping' | 'isHeld' | 'release'> {
  /** To be called when the work finds that it has been overtaken: it is stopped, as when the lease can't be renewed. */
  lose(cause: string): void;
}

export interface LeaseDeps {
  readonly leases: LeaseStore;
  readonly standbys: Standbys;
  readonly ttlMs: number;
  /** What the holder of the lease does; it ends soon after `stopping` is aborted. */
  work(term: LeaseTerm): Promise<void>;
  readonly reports: LeaseReports;
  readonly logger: Logger;
  readonly health: LoopHealth;
  readonly stopping: AbortSignal;
}

/** Told of each term: that it begins, then how it ends. */
export interface LeaseReports {
  acquired(epoch: number): void;
  lost(epoch: number, cause: string): void;
  released(): void;
}

/** A standby asks so often: the longest a clean hand-over takes. */
const ASK_EVERY_MS = 1_000;

/**
 * Lets one worker of any number work and the others stand by, until `stopping`. Three states:
 * - standby: asks for the lease
 * - holder: works, and renews the lease three times within its duration
 * - losing: the lease could not be renewed in time, or another has it: the work is stopped before the
 *   lease can have passed on, by this process' own steady clock; then it is a standby again
 */
export async function runUnderLease(deps: LeaseDeps): Promise<void> {
  const { leases, standbys, ttlMs, reports, logger, health, stopping } = deps;
  let wasStandby = false;
  while (!stopping.aborted) {
    const askedAt = performance.now();
    const lease = await leases.acquire().catch((error: unknown) => {
      logger.warn('database_retry', { what: 'lease', error });
      health.streamDown('MongoDB does not say who has the lease');
      return 'unknown' as const;
    });
    if (lease === null || lease === 'unknown') {
      const isStandby = lease === null;
      if (isStandby) {
        health.standby();
        void standbys.seen();
        if (!wasStandby) logger.info('standby');
      }
      wasStandby = isStandby;
      await pause(Math.min(ASK_EVERY_MS, ttlMs / 3), stopping);
      continue;
    }
    wasStandby = false;
    void standbys.left();
    reports.acquired(lease.epoch);
    await workOneTerm(lease, askedAt, deps);
  }
  await standbys.left();
}

async function workOneTerm(
  lease: Lease,
  askedAt: number,
  { leases, ttlMs, work, reports, health, stopping }: LeaseDeps,
): Promise<void> {
  const { epoch } = lease;
  const lost = new AbortController();
  const ended = new AbortController();
  const lose = (cause: string): void => {
    if (ended.signal.aborted || lost.signal.aborted) return;
    reports.lost(epoch, cause);
    health.streamDown(`the lease was lost: ${cause}`);
    lost.abort(new Stopping());
  };
  const validity = createValidity(askedAt, ttlMs, lose);
  void keepLease(lease, { leases, ttlMs, validity, lose, ended: ended.signal });
  const release = async (): Promise<void> => {
    if (ended.signal.aborted) return;
    ended.abort();
    validity.close();
    if (lost.signal.aborted) return;
    reports.released();
    // A second time over another connection. Without an answer the lease runs out by itself.
    await leases
      .release(lease)
      .catch(async () => await leases.release(lease))
      .catch(() => undefined);
  };
  const isHeld = (): boolean => !lost.signal.aborted && validity.isHeld();
  try {
    await work({ epoch, stopping: anyOf(stopping, lost.signal), isHeld, lose, release });
  } catch (error) {
    // Work that had to end because another worker has the lease by now is no reason to end for good.
    if (stopping.aborted || !(error instanceof Stopping)) throw error;
  } finally {
    await release();
  }
}

/**
 * A renewal that fails is tried again after so long, however long the lease holds: MongoDB may be there for a moment
 * only.
 */
const AGAIN_MS = 5_000;

/** How long the lease is known to hold, by this process' own steady clock. */
function createValidity(askedAt: number, ttlMs: number, lose: (cause: string) => void) {
  let endsAt = 0;
  let expiry: NodeJS.Timeout | undefined;
  const close = (): void => clearTimeout(expiry);
  const extend = (since: number): void => {
    close();
    // Answers may overtake each other.
    endsAt = Math.max(endsAt, since + ttlMs * (1 - LEASE_MARGIN));
    expiry = setTimeout(lose, endsAt - performance.now(), 'it could not be renewed in time');
  };
  extend(askedAt);
  return {
    /** False once its time is up; it is lost then, too. */
    isHeld(): boolean {
      if (performance.now() < endsAt) return true;
      lose('it could not be renewed in time');
      return false;
    },
    /** It was asked for at that time, and granted. */
    extend,
    /** It will not be lost any more. */
    close,
  };
}

async function keepLease(
  lease: Lease,
  {
    leases,
    ttlMs,
    validity,
    lose,
    ended,
  }: Pick<LeaseDeps, 'leases' | 'ttlMs'> &
    Pick<LeaseTerm, 'lose'> & {
      readonly validity: ReturnType<typeof createValidity>;
      readonly ended: AbortSignal;
    },
): Promise<void> {
  const renew = async (): Promise<void> => {
    const askedAt = performance.now();
    const isRenewed = await leases.renew(lease);
    if (ended.aborted) return;
    if (!isRenewed) lose('another worker has it');
    // A process that was frozen can come to here before its timers.
    else if (validity.isHeld()) validity.extend(askedAt);
  };
  let askedAt = performance.now();
  while (!ended.aborted && validity.isHeld()) {
    await pause(askedAt + ttlMs / 3 - performance.now(), ended);
    for (let isAnswered = false; !isAnswered && !ended.aborted && validity.isHeld();) {
      askedAt = performance.now();
      isAnswered = await answersWithin(Math.min(ttlMs / 6, AGAIN_MS), renew(), ended);
    }
  }
  validity.close();
}

/**
 * Whether it succeeds in time; what comes later is not waited for. The expiry decides whether the lease is lost: until
 * then it is asked for again, over another connection while one does not answer, and an answer that comes late
 * is as good as any.
 */
async function answersWithin(
  ms: number,
  asking: Promise<void>,
  signal: AbortSignal,
): Promise<boolean> {
  const rest = delay(ms, signal).then(() => false);
  const asked = asking.then(
    () => true,
    async () => await rest,
  );
  return await Promise.race([asked, rest]).catch(() => false);
}
