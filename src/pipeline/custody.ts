import type { AttemptLog } from '../domain/attemptLog.ts';
import { abortReason } from '../runtime/abort.ts';
import type { ParkableNotification, RetryStore } from './ports.ts';

/** How long a notification may be in memory only, from the moment its first attempt began. */
const PARKED_AFTER_MS = 1_000;

/**
 * Where one notification is held while it is served: in memory only, or in a row of durable state that
 * this worker has claimed. States:
 * - in memory: a crash makes the whole notification begin again, as it must, since the checkpoint waits
 * - parked: the row counts attempts; `onParked` was called, the checkpoint need not wait any more
 * - released: the row is due later, and no longer ours
 */
export interface Custody {
  /**
   * Counts attempt `log.begun`. The first one begins in memory and is parked if it takes long; any other
   * begins only when the row says so. Rejects with `Superseded` when somebody else has the row by now.
   */
  beginAttempt(log: AttemptLog): Promise<void>;
  /** Lets go of it, to be served in `waitMs`; when that will be. */
  release(log: AttemptLog, waitMs: number): Promise<Date>;
  /** The claim of the row to be removed with the end, null when there is none. */
  claim(): Promise<string | null>;
  /** No more parking by itself. */
  close(): void;
}

/** Somebody else has taken the notification over: nothing more may be written for it here. */
export class Superseded extends Error {
  override readonly name = 'Superseded';
  constructor() {
    super('another worker has claimed the notification');
  }
}

export interface CustodyOptions {
  readonly retries: RetryStore;
  readonly parked: Omit<ParkableNotification, 'log'>;
  /** The claim it starts with; null for one that comes from the stream. */
  readonly claim: string | null;
  /** The row is durable. */
  onParked(): void;
  /** A stop parks what runs at once. */
  readonly stopping: AbortSignal;
}

export function createCustody(options: CustodyOptions): Custody {
  const { retries, parked, onParked, stopping } = options;
  const id = parked.subject.notificationId;
  let current: AttemptLog | null = null;
  let row: Promise<string | null> | null =
    options.claim === null ? null : Promise.resolve(options.claim);
  let timer: NodeJS.Timeout | null = null;

  const parkNow = (): void => {
    if (row !== null || current === null) return;
    row = retries.parkClaimed({ ...parked, log: current });
    row.then(onParked, () => undefined);
  };
  const close = (): void => {
    if (timer !== null) clearTimeout(timer);
    timer = null;
    stopping.removeEventListener('abort', parkNow);
  };
  const watch = (): void => {
    timer = setTimeout(parkNow, PARKED_AFTER_MS);
    stopping.addEventListener('abort', parkNow, { once: true });
  };
  const claimed = async (log: AttemptLog): Promise<string> => {
    current = log;
    parkNow();
    const claim = await row;
    if (claim === null) throw new Superseded();
    return claim;
  };

  return {
    async beginAttempt(log) {
      if (row === null && log.begun === 1) {
        if (stopping.aborted) throw abortReason(stopping);
        current = log;
        watch();
        return;
      }
      const claim = await claimed(log);
      if (!(await retries.beginAttempt(id, claim, log))) throw new Superseded();
    },
    async release(log, waitMs) {
      close();
      if (row === null) return await retries.park({ ...parked, log }, waitMs);
      const claim = await claimed(log);
      const at = await retries.release(id, claim, { log, webhook: parked.webhook }, waitMs);
      if (at === null) throw new Superseded();
      return at;
    },
    async claim() {
      close();
      return await (row ?? null);
    },
    close,
  };
}
