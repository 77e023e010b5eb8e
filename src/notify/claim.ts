import type { AttemptLog } from '../domain/attempt.ts';
import { onAbort } from '../runtime/abort.ts';
import type { NewRetry } from '../ports/retries.ts';
import type { NotifyContext } from './context.ts';

/** How long a notification may be in memory only, from the moment its first attempt began. */
const PERSISTED_AFTER_MS = 1_000;

/**
 * Where one notification is held while it is delivered: in memory only, or in a row of the database that this worker
 * has claimed. States:
 * - in memory: a crash makes the whole notification begin again, as it must, since the checkpoint waits
 * - persisted: the row counts attempts, and the checkpoint need not wait any more
 * - released: the row is due later, and no longer ours
 * One that no row can hold stays in memory to its end.
 */
export interface Claim {
  /** Whether it can wait in the database. */
  canBeScheduled(): boolean;
  /** Whether there is a row, or one is being written. */
  hasRow(): boolean;
  /** Resolves when a row is durable; never, when none was needed. */
  readonly persisted: Promise<void>;
  /**
   * Counts attempt `log.begun`, but for the first one: any other begins only when the row says so. `lost`: somebody
   * else has the row by now. `stopped`: nothing new may begin.
   */
  beginAttempt(log: AttemptLog): Promise<'begun' | 'lost' | 'stopped'>;
  /**
   * The attempt begins now. A first one counts once it has run for a second, or a stop comes: until then a crash makes
   * it begin again as the first.
   */
  attemptRuns(log: AttemptLog): void;
  /** What is known of the attempt now, for a row still to be written. */
  attemptEnded(log: AttemptLog): void;
  /** Lets go of it, due in `waitMs`; when that will be. `refused`: no row will hold it. */
  release(log: AttemptLog, waitMs: number): Promise<Date | 'lost' | 'refused'>;
  /** Of the row that is to be removed with the end; null when there is none. */
  token(): Promise<string | null>;
  /** Stops the automatic write; a claim made here is no longer renewed. */
  close(): void;
}

interface ClaimOptions {
  readonly retry: Omit<NewRetry, 'log'>;
  /** Of the row it comes from, whose claim the caller keeps; null for a fresh notification. */
  readonly token: string | null;
  /** False for one that no row can hold. */
  readonly canBeScheduled: boolean;
}

export function createClaim(
  { retry, token: ownToken, ...options }: ClaimOptions,
  {
    retries,
    claims,
    term,
  }: Pick<NotifyContext, 'retries' | 'claims'> & {
    readonly term: Pick<NotifyContext['term'], 'stopping'>;
  },
): Claim {
  const { stopping } = term;
  const id = retry.subject.notificationId;
  const persisted = Promise.withResolvers<void>();
  let { canBeScheduled } = options;
  let current: AttemptLog | null = null;
  /** The token of the row, null when somebody else has it. */
  let row: Promise<string | null> | null = ownToken === null ? null : Promise.resolve(ownToken);
  let timer: NodeJS.Timeout | null = null;
  let forgetStop: (() => void) | null = null;
  let isClosed = false;

  const writeRow = async (log: AttemptLog): Promise<string | null> => {
    const written = await retries.scheduleClaimed({ ...retry, log });
    if (written === 'refused') {
      canBeScheduled = false;
      return null;
    }
    persisted.resolve();
    if (written === 'taken') return null;
    if (!isClosed) claims.set(id, written.token);
    return written.token;
  };
  const persist = (): void => {
    if (row !== null || current === null || !canBeScheduled) return;
    row = writeRow(current);
    // The next caller that awaits `row` sees the error.
    row.catch(() => undefined);
  };
  /** What the row refuses goes on from memory, uncounted; the row is still ours, to be removed with the end. */
  const count = async (token: string | null, log: AttemptLog): Promise<string | null> => {
    if (token === null) return null;
    const counted = await retries.beginAttempt(id, token, log);
    if (counted === 'refused') canBeScheduled = false;
    return counted === 'lost' ? null : token;
  };
  const makeDurable = (): void => {
    endWatch();
    if (row === null) {
      persist();
    } else if (current !== null) {
      const log = current;
      row = row.then(async (token) => await count(token, log));
      row.catch(() => undefined);
    }
  };
  const endWatch = (): void => {
    if (timer !== null) clearTimeout(timer);
    timer = null;
    forgetStop?.();
    forgetStop = null;
  };
  const holder = async (): Promise<Readonly<{ token: string }> | 'lost' | 'refused'> => {
    const token = await row;
    if (!canBeScheduled) return 'refused';
    return token === null ? 'lost' : { token };
  };

  return {
    // Not a getter: V8 keeps an object literal with a getter, and so the whole delivery, until it collects the old
    // generation.
    canBeScheduled: () => canBeScheduled,
    hasRow: () => row !== null,
    persisted: persisted.promise,
    async beginAttempt(log) {
      endWatch();
      if (stopping.aborted) return 'stopped';
      if (log.begun === 1 || !canBeScheduled) return 'begun';
      persist();
      const held = await holder();
      if (held === 'lost') return 'lost';
      if (held === 'refused') return 'begun';
      row = Promise.resolve(await count(held.token, log));
      return (await holder()) === 'lost' ? 'lost' : 'begun';
    },
    attemptRuns(log) {
      current = log;
      if (log.begun > 1) return;
      timer = setTimeout(makeDurable, PERSISTED_AFTER_MS);
      forgetStop = onAbort(stopping, makeDurable);
    },
    attemptEnded(log) {
      current = log;
    },
    async release(log, waitMs) {
      endWatch();
      current = log;
      if (row === null) return await retries.schedule({ ...retry, log }, waitMs);
      const held = await holder();
      if (held === 'lost' || held === 'refused') return held;
      const { webhook, undecided } = retry;
      const released = await retries.release(id, held.token, { log, webhook, undecided }, waitMs);
      if (released === 'refused') canBeScheduled = false;
      return released;
    },
    async token() {
      endWatch();
      return await row;
    },
    close() {
      endWatch();
      isClosed = true;
      if (ownToken === null) claims.delete(id);
    },
  };
}
