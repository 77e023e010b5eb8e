import type { AttemptLog } from '../domain/attemptLog.ts';
import { abortReason, onAbort } from '../runtime/abort.ts';
import { toError } from '../runtime/errors.ts';
import { CannotPark, type ParkableNotification, type RetryStore } from './retryPort.ts';

/** How long a notification may be in memory only, from the moment its first attempt began. */
const PARKED_AFTER_MS = 1_000;

/**
 * Where one notification is held while it is served: in memory only, or in a row of durable state that
 * this worker has claimed. States:
 * - in memory: a crash makes the whole notification begin again, as it must, since the checkpoint waits
 * - parked: the row counts attempts; `onParked` was called, the checkpoint need not wait any more
 * - released: the row is due later, and no longer ours
 * One that no row can hold stays in memory to its end.
 */
export interface Custody {
  /** Whether it can wait in durable state. */
  readonly canBeParked: boolean;
  /**
   * Counts attempt `log.begun`, but for the first one: any other begins only when the row says so. Rejects with
   * `Superseded` when somebody else has the row by now.
   */
  beginAttempt(log: AttemptLog): Promise<void>;
  /**
   * The attempt begins now. A first one counts once it has run for a second: until then a crash makes it begin
   * again as the first.
   */
  attemptRuns(log: AttemptLog): void;
  /** What is known of the attempt now, for a row still to be written. */
  attemptEnded(log: AttemptLog): void;
  /** Lets go of it, to be served in `waitMs`; when that will be. Rejects with `CannotPark` when no row will hold it. */
  release(log: AttemptLog, waitMs: number): Promise<Date>;
  /** The claim of the row to be removed with the end, null when there is none. */
  claim(): Promise<string | null>;
  /** It is out of these hands: no more parking by itself, and its claim may run out. */
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
  /** The claim it starts with, which somebody else sees to; null for one that comes from the stream. */
  readonly claim: string | null;
  /** Where it puts a claim of its own down for as long as it has it, to be renewed. */
  readonly claims: Map<string, string>;
  /** False for one that no row can hold. */
  readonly canBeParked: boolean;
  /** The row is durable. */
  onParked(): void;
  /** A stop parks what runs at once. */
  readonly stopping: AbortSignal;
}

export function createCustody(options: CustodyOptions): Custody {
  const { retries, parked, onParked, stopping, claims } = options;
  let { canBeParked } = options;
  const id = parked.subject.notificationId;
  let current: AttemptLog | null = null;
  /** The claim of the row, null when somebody else has it. */
  let row: Promise<string | null> | null =
    options.claim === null ? null : Promise.resolve(options.claim);
  let timer: NodeJS.Timeout | null = null;
  let forgetStop: (() => void) | null = null;
  let isClosed = false;

  const parkNow = (): void => {
    if (row !== null || current === null || !canBeParked) return;
    row = retries.parkClaimed({ ...parked, log: current }).then(
      (claim) => {
        if (claim !== null && !isClosed) claims.set(id, claim);
        return claim;
      },
      (error: unknown) => {
        // Then null is no claim that somebody else has: it goes on from memory.
        canBeParked = false;
        return nullWhenRefused(error);
      },
    );
    row.then(
      () => (canBeParked ? onParked() : undefined),
      () => undefined,
    );
  };
  const count = async (claim: string | null, log: AttemptLog): Promise<string | null> =>
    claim !== null && (await retries.beginAttempt(id, claim, log)) ? claim : null;
  const makeDurable = (): void => {
    endWatch();
    if (row === null) {
      parkNow();
    } else if (current !== null) {
      const log = current;
      row = row.then(async (claim) => await count(claim, log));
      // Whoever needs the claim next is told.
      row.catch(() => undefined);
    }
  };
  const endWatch = (): void => {
    if (timer !== null) clearTimeout(timer);
    timer = null;
    forgetStop?.();
    forgetStop = null;
  };
  const ours = async (): Promise<string> => {
    const claim = await row;
    if (!canBeParked) throw new CannotPark('it is in memory to its end');
    if (claim === null) throw new Superseded();
    return claim;
  };

  return {
    get canBeParked() {
      return canBeParked;
    },
    async beginAttempt(log) {
      endWatch();
      if (stopping.aborted) throw abortReason(stopping);
      if (log.begun === 1 || !canBeParked) return;
      parkNow();
      const claim = await ours().catch(nullWhenRefused);
      if (claim === null) return;
      row = Promise.resolve(await count(claim, log));
      await ours();
    },
    attemptRuns(log) {
      current = log;
      if (log.begun > 1) return;
      timer = setTimeout(makeDurable, PARKED_AFTER_MS);
      forgetStop = onAbort(stopping, makeDurable);
    },
    attemptEnded(log) {
      current = log;
    },
    async release(log, waitMs) {
      endWatch();
      current = log;
      if (row === null) return await retries.park({ ...parked, log }, waitMs);
      const { webhook, undecided } = parked;
      const claim = await ours();
      const at = await retries.release(id, claim, { log, webhook, undecided }, waitMs);
      if (at === null) throw new Superseded();
      return at;
    },
    async claim() {
      endWatch();
      return await (row ?? null);
    },
    close() {
      endWatch();
      isClosed = true;
      if (options.claim === null) claims.delete(id);
    },
  };
}

function nullWhenRefused(error: unknown): null {
  if (error instanceof CannotPark) return null;
  throw toError(error);
}
