import type { AttemptLog } from '../domain/attemptLog.ts';
import type { RecordedWebhook } from '../domain/buildRecord.ts';
import type { IntegerId } from '../domain/integerId.ts';
import type { Subject } from '../domain/notification.ts';
import type { RouteKey } from '../domain/route.ts';
import type { Nudge } from '../runtime/nudge.ts';
import type { EndpointName, LedgerEntry } from './ports.ts';

/** What durable state keeps of a notification: all it takes to go on in another process. */
export interface ParkedNotification {
  readonly subject: Subject;
  readonly accountId: IntegerId;
  readonly flowId: IntegerId;
  /** Frozen when it was taken up. */
  readonly body: Uint8Array;
  /** When a worker first took it up. */
  readonly acceptedAt: Date;
  readonly log: AttemptLog;
  /** Where it led when it was last looked up; null while it was never known. */
  readonly webhook: RecordedWebhook | null;
  /** What is kept of the decision while its route is not known; null once it is. */
  readonly undecided: Undecided | null;
}

/** A notification whose route could not be looked up as yet. */
export interface Undecided {
  /** It will be skipped as stale, unless the account does not want it in the first place. */
  readonly isStale: boolean;
  /** Look-ups made in vain. */
  readonly lookUps: number;
}

/** One to be parked. */
export interface ParkableNotification extends ParkedNotification {
  readonly webhook: EndpointName | null;
}

/** What a row is to say from now on. */
export type RowUpdate = Pick<ParkableNotification, 'log' | 'webhook' | 'undecided'>;

/** Durable state refuses this notification's row for good: it is served from memory to its end. */
export class CannotPark extends Error {
  override readonly name = 'CannotPark';
}

/** A parked notification in this worker's hands until the claim runs out. */
export interface ClaimedNotification {
  readonly parked: ParkedNotification;
  /** Guards every write to the row: whoever lost the claim writes nothing. */
  readonly claim: string;
}

/** Notifications by id. */
export interface IdSet {
  has(notificationId: string): boolean;
}

interface RowStanding {
  /** How the ledger says it ended, in the same run; or null. */
  readonly ended: LedgerEntry | null;
  /**
   * Another status of this SMS may be being called by somebody else. What this store has claimed is not told: two that
   * were claimed together would wait for each other, again and again.
   */
  readonly siblingClaimed: boolean;
}

export interface DueEndpoints {
  /** Those with a row that is due, `NO_ENDPOINT` among them. */
  readonly keys: readonly string[];
  /** When the next row will be due at an endpoint where none is; null when none will be soon. */
  readonly nextInMs: number | null;
}

/** The lane of rows that lead nowhere as yet. No endpoint's key is empty. */
export const NO_ENDPOINT = '';

/**
 * Durable state of notifications that are not done at once. All writes are acknowledged by a majority and
 * tried again for as long as it takes; what is due and what is claimed goes by the server's clock.
 */
export interface RetryStore {
  /** Whether a row can hold it at all; all others may only be given what it can. */
  canHold(body: Uint8Array): Promise<boolean>;
  /**
   * Adds a row in our hands; its claim. Takes the place of one that nobody has claimed and that knows of fewer
   * attempts, as a command puts down beside a call. Null when there is another row, which is left as it is.
   * Rejects with `CannotPark`, as `park` does, when the database will never take it.
   */
  parkClaimed(parked: ParkableNotification): Promise<string | null>;
  /** Adds a row that is due after `waitMs`, like `parkClaimed`, or leaves the one there is; when it is due. */
  park(parked: ParkableNotification, waitMs: number): Promise<Date>;
  /** How often the claims that are held are to be renewed: well before they run out. */
  readonly renewEveryMs: number;
  /**
   * Has these claims, token by notification, hold a whole time anew, also those that have run out, unless
   * somebody else has claimed the row since. Rejects when the database does not answer.
   */
  renew(claims: ReadonlyMap<string, string>): Promise<void>;
  /** Counts the attempt that is about to begin, and renews the claim. False when it was lost. */
  beginAttempt(id: string, claim: string, log: AttemptLog): Promise<boolean>;
  /** Lets go of the row, due after `waitMs`; when that will be, or null when the claim was lost. */
  release(
    id: string,
    claim: string,
    update: RowUpdate | null,
    waitMs: number,
  ): Promise<Date | null>;
  /** Given when this process has put down a row or let go of one: it may be due soon. */
  readonly news: Nudge;
  /** Where a row is due, or will be within `soonMs`. Rejects when the database does not answer. */
  dueEndpoints(soonMs: number): Promise<DueEndpoints>;
  /**
   * Claims the row of this endpoint that has been due longest, none of `except`; null when none is. A claim of
   * our own that has run out makes a row due, too, so `except` is what this process has in its hands. Batched:
   * what is asked in the same moment is claimed in the same writes. Rejects when the database does not answer.
   */
  claimDue(endpointKey: string, except: IdSet): Promise<ClaimedNotification | null>;
  /** Claims rows that are due and were first taken up before that time. Like `claimDue`. */
  claimAcceptedBefore(
    time: Date,
    limit: number,
    except: IdSet,
  ): Promise<readonly ClaimedNotification[]>;
  /** What the routes of an endpoint's waiting rows were looked up for, each once; of very many only some. */
  routeKeysOf(endpointKey: string): Promise<readonly RouteKey[]>;
  /** Has an endpoint's waiting rows of this route lead to another; due as they were. */
  move(endpointKey: string, key: RouteKey, to: EndpointName): Promise<void>;
  /** What has become of a claimed row's notification, and its SMS' others, elsewhere. */
  standing(claimed: ClaimedNotification): Promise<RowStanding>;
}
