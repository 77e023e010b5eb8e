import type { AttemptLog } from '../domain/attempt.ts';
import type { RecordedWebhook } from '../domain/record.ts';
import type { IntegerId } from '../domain/ids.ts';
import type { Subject } from '../domain/notification.ts';
import type { RouteKey } from '../domain/route.ts';
import type { WakeUp } from '../runtime/wakeUp.ts';
import type { EndpointName } from './endpoints.ts';
import type { LedgerEntry } from './notify.ts';

/** What the database keeps of a notification: all it takes to go on in another process. */
export interface Retry {
  readonly subject: Subject;
  readonly accountId: IntegerId;
  readonly flowId: IntegerId;
  /** Built once, when it was evaluated. */
  readonly body: Uint8Array;
  /** When a worker first read the status. */
  readonly acceptedAt: Date;
  readonly log: AttemptLog;
  /** Where it led when it was last looked up; null while it was never known. */
  readonly webhook: RecordedWebhook | null;
  /** What is kept of the decision while its route is not known; null once it is. */
  readonly undecided: AwaitingRoute | null;
  /** The `traceparent` of the trace in which it was accepted, where it was traced. */
  readonly firstTrace?: string | undefined;
}

/** A notification whose route has not been looked up successfully yet. */
export interface AwaitingRoute {
  /** It will be skipped as stale, unless the account does not want it in the first place. */
  readonly isStale: boolean;
  /** Look-ups made in vain. */
  readonly lookUps: number;
}

/** A retry to be scheduled. */
export interface NewRetry extends Retry {
  readonly webhook: EndpointName | null;
}

/** What a row is to say from now on. */
export type RetryUpdate = Pick<NewRetry, 'log' | 'webhook' | 'undecided'>;

/** A retry in this worker's hands until the claim runs out. */
export interface ClaimedRetry {
  readonly retry: Retry;
  /** Guards every write to the row: whoever lost the claim writes nothing. */
  readonly token: string;
  /** The topic's partition in which its row was, as far as it says. */
  readonly partition?: number;
}

/** Notifications by id. */
export interface IdSet {
  has(notificationId: string): boolean;
}

export interface Recheck {
  /** How the ledger says it ended, in the same run; or null. */
  readonly ended: LedgerEntry | null;
  /**
   * Another status of this SMS may be being called by somebody else. What this store itself has claimed does not count:
   * two that were claimed together would wait for each other for ever.
   */
  readonly siblingClaimed: boolean;
}

export interface DueEndpoints {
  /** Those with a row that is due, `NO_ENDPOINT` among them. */
  readonly keys: readonly string[];
  /** When the next row will be due at an endpoint where none is; null when none will be soon. */
  readonly nextInMs: number | null;
}

/**
 * The queue of rows whose route is not known yet, or could not be looked up since. No endpoint's key is empty.
 */
export const NO_ENDPOINT = '';

/**
 * The notifications that wait in the database. Where they are shared out by partition (`Partitioning`), those of the
 * worker's own are searched, claimed and ended, while whatever a route says is written into all rows. All writes are acknowledged by a majority and repeated for as long as it
 * takes, but for what the database will never do for one notification while it does it for others: `refused`, logged
 * and counted, and that notification goes on from memory. What is due and what is claimed goes by the server's clock.
 */
export interface RetryStore {
  /** Whether a row can hold it at all; all others may only be given what it can. */
  canHold(body: Uint8Array): Promise<boolean>;
  /**
   * Adds a row in our hands. Takes the place of one that nobody has claimed and that knows of fewer attempts, as a
   * command writes beside a call. `taken`: there is another row, which is left as it is.
   */
  scheduleClaimed(retry: NewRetry): Promise<Readonly<{ token: string }> | 'taken' | 'refused'>;
  /** Adds a row that is due after `waitMs`, like `scheduleClaimed`, or leaves the one there is; when it is due. */
  schedule(retry: NewRetry, waitMs: number): Promise<Date | 'refused'>;
  /** How often the claims that are held are to be renewed: well before they run out. */
  readonly renewEveryMs: number;
  /**
   * Renews these claims, token by notification, for the full claim time, also those that have run out, unless somebody
   * else has claimed the row since. Rejects when the database does not answer.
   */
  renew(claims: ReadonlyMap<string, string>): Promise<void>;
  /** Counts the attempt that is about to begin, and renews the claim. Batched, as is `release`. */
  beginAttempt(id: string, token: string, log: AttemptLog): Promise<'begun' | 'lost' | 'refused'>;
  /** Lets go of the row, due after `waitMs`; when that will be. */
  release(
    id: string,
    token: string,
    update: RetryUpdate | null,
    waitMs: number,
  ): Promise<Date | 'lost' | 'refused'>;
  /** Wakes when this process has written a row or let go of one: it may be due soon. */
  readonly changed: WakeUp;
  /** Where a row is due, or will be within `soonMs`. Rejects when the database does not answer. */
  dueEndpoints(soonMs: number): Promise<DueEndpoints>;
  /**
   * Claims the row of this endpoint that has been due longest, none of `except`; null when none is. A claim of
   * our own that has run out makes a row due, too, so `except` is what this process has in its hands. Batched:
   * what is asked in the same moment is claimed in the same writes. Rejects when the database does not answer.
   */
  claimDue(endpointKey: string, except: IdSet): Promise<ClaimedRetry | null>;
  /** Claims rows that are due and whose status was first read before that time. Like `claimDue`. */
  claimAcceptedBefore(time: Date, limit: number, except: IdSet): Promise<readonly ClaimedRetry[]>;
  /** What the routes of an endpoint's waiting rows were looked up for, each once; of very many only some. */
  routeKeysOf(endpointKey: string): Promise<readonly RouteKey[]>;
  /** Has an endpoint's waiting rows of this route lead to another; due as they were. */
  move(endpointKey: string, key: RouteKey, to: EndpointName): Promise<void>;
  /**
   * The keys of routes that waiting rows need: of the `NO_ENDPOINT` rows that are due later, each key once and in no
   * order; of very many only some, others each time.
   */
  awaitedRoutes(): Promise<readonly RouteKey[]>;
  /** Makes the rows that wait for this route due. They lead to `to` from now on, unless that is null. */
  endWaitForRoute(key: RouteKey, to: EndpointName | null): Promise<void>;
  /** What has become of a claimed row's notification, and of others of the same SMS, elsewhere. Batched. */
  recheck(claimed: ClaimedRetry): Promise<Recheck | 'refused'>;
}
