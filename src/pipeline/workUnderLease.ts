import { anyOf, delay, Stopping } from '../runtime/abort.ts';
import type { Logger } from '../runtime/logger.ts';
import type { Lease, LeaseStore, LoopHealth, Metrics } from './ports.ts';

/** What the holder of the lease does; it ends soon after its signal is aborted. */
export type LeasedWork = (term: {
  readonly lease: Lease;
  /** Aborted when the worker stops or the lease may pass on. */
  readonly stopping: AbortSignal;
  /**
   * Whether the lease still holds by this process' own clock; to be asked right before what no two workers may
   * do at once. A process that was frozen goes on in the middle of its code, before any timer of its own.
   */
  isHeld(): boolean;
  /** To be called when the work finds that it has been overtaken: it is stopped, as when the lease is lost. */
  giveUp(cause: string): void;
  /** To be called once nothing of the work depends on the lease any more. */
  handOver(): Promise<void>;
}) => Promise<void>;

export interface WorkUnderLeaseDeps {
  readonly leases: LeaseStore;
  readonly ttlMs: number;
  readonly work: LeasedWork;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly health: LoopHealth;
  readonly stopping: AbortSignal;
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
export async function workUnderLease(deps: WorkUnderLeaseDeps): Promise<void> {
  const { leases, ttlMs, logger, metrics, health, stopping } = deps;
  let wasStandby = false;
  while (!stopping.aborted) {
    const askedAt = performance.now();
    const lease = await leases.acquire().catch((error: unknown) => {
      logger.warn('database_retry', { what: 'lease', error });
      health.streamDown('MongoDB does not say who has the lease');
      return 'unknown' as const;
    });
    if (lease === null || lease === 'unknown') {
      if (lease === null) health.standby();
      if (lease === null && !wasStandby) logger.info('standby');
      wasStandby = lease === null;
      await delay(Math.min(ASK_EVERY_MS, ttlMs / 3), stopping).catch(() => undefined);
      continue;
    }
    wasStandby = false;
    logger.info('lease_taken', { epoch: lease.epoch });
    metrics.leaseHeld(true);
    await workOneTerm(lease, askedAt, deps);
  }
}

async function workOneTerm(
  lease: Lease,
  askedAt: number,
  { leases, ttlMs, work, logger, metrics, health, stopping }: WorkUnderLeaseDeps,
): Promise<void> {
  const lost = new AbortController();
  const ended = new AbortController();
  const termStopping = anyOf(stopping, lost.signal);
  const lose = (cause: string): void => {
    if (ended.signal.aborted || lost.signal.aborted) return;
    logger.warn('lease_lost', { epoch: lease.epoch, cause });
    metrics.leaseHeld(false);
    health.streamDown(`the lease was lost: ${cause}`);
    lost.abort(new Stopping());
  };
  const validity = createValidity(askedAt, ttlMs, lose);
  void keepLease(lease, { leases, ttlMs, validity, lose, ended: ended.signal });
  const handOver = async (): Promise<void> => {
    if (ended.signal.aborted) return;
    ended.abort();
    validity.close();
    metrics.leaseHeld(false);
    if (!lost.signal.aborted) await release(lease, leases);
  };
  try {
    await work({ lease, stopping: termStopping, isHeld: validity.isHeld, giveUp: lose, handOver });
  } catch (error) {
    // Work that had to end because another worker has the lease by now is no reason to end for good.
    if (stopping.aborted || !(error instanceof Stopping)) throw error;
  } finally {
    await handOver();
  }
}

/** A second time over another connection. Without an answer the lease runs out by itself. */
async function release(lease: Lease, leases: LeaseStore): Promise<void> {
  for (let tries = 0; tries < 2; tries += 1) {
    const isReleased = await leases.release(lease).then(
      () => true,
      () => false,
    );
    if (isReleased) return;
  }
}

/** The margin before its end in which a lease counts as lost: for what is under way to stop. */
const MARGIN = 0.2;

/** How long the lease is known to hold, by this process' own steady clock. */
interface Validity {
  /** False once its time is up; it is lost then, too. */
  isHeld(): boolean;
  /** It was asked for at that time, and granted. */
  extend(askedAt: number): void;
  /** It will not be lost any more. */
  close(): void;
}

function createValidity(askedAt: number, ttlMs: number, lose: (cause: string) => void): Validity {
  let endsAt = 0;
  let expiry: NodeJS.Timeout | undefined;
  const isHeld = (): boolean => {
    if (performance.now() < endsAt) return true;
    lose('it could not be renewed in time');
    return false;
  };
  const close = (): void => clearTimeout(expiry);
  const extend = (since: number): void => {
    close();
    // Answers may overtake each other.
    endsAt = Math.max(endsAt, since + ttlMs * (1 - MARGIN));
    expiry = setTimeout(lose, endsAt - performance.now(), 'it could not be renewed in time');
  };
  extend(askedAt);
  return { isHeld, extend, close };
}

async function keepLease(
  lease: Lease,
  term: {
    readonly leases: LeaseStore;
    readonly ttlMs: number;
    readonly validity: Validity;
    lose(cause: string): void;
    readonly ended: AbortSignal;
  },
): Promise<void> {
  const { leases, ttlMs, validity, lose, ended } = term;
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
    await delay(askedAt + ttlMs / 3 - performance.now(), ended).catch(() => undefined);
    for (let isAnswered = false; !isAnswered && !ended.aborted && validity.isHeld();) {
      askedAt = performance.now();
      isAnswered = await answersWithin(renew(), { ms: ttlMs / 6, signal: ended });
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
  asking: Promise<void>,
  { ms, signal }: Readonly<{ ms: number; signal: AbortSignal }>,
): Promise<boolean> {
  const rest = delay(ms, signal).then(() => false);
  const asked = asking.then(
    () => true,
    async () => await rest,
  );
  try {
    return await Promise.race([asked, rest]);
  } catch {
    return false;
  }
}
