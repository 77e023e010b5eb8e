import type { Attempt, AttemptOutcome } from '../domain/attempt.ts';
import type { DocumentKey } from '../domain/change.ts';
import type { PlainDocument } from '../domain/plainValue.ts';
import type { IntegerId } from '../domain/ids.ts';
import type { ShownRecord, SmsName } from '../domain/notification.ts';
import type { DeliveryRecord } from '../domain/record.ts';
import type { RouteKey, RouteLookup } from '../domain/route.ts';
import type { Share } from '../runtime/readingRoom.ts';

/** A notification that ended, as the ledger remembers it. */
export interface LedgerEntry {
  readonly notificationId: string;
  /** Null when no record was to be written. */
  readonly record: DeliveryRecord | null;
  /** As in its subject. */
  readonly run?: string;
}

/** A notification that waits in the database. */
export interface WaitingEntry {
  readonly notificationId: string;
  /** It is being called. */
  readonly isClaimed: boolean;
  /** When its status was set, where that is known. */
  readonly statusAt?: Date;
  /**
   * What its document is to show while it waits; null before its first attempt, while it is claimed, or if not asked
   * for.
   */
  readonly record: DeliveryRecord | null;
  /** As in its subject. */
  readonly run?: string;
}

/** What is known of an SMS when a change of it is evaluated. Read from the primary. */
export interface Lookup {
  /** The document as it is now; null when it is gone, or was not asked for. */
  readonly document: PlainDocument | null;
  /** Ended notifications the ledger remembers: the one asked about, or the SMS' whole history. */
  readonly ended: readonly LedgerEntry[];
  /** This SMS' notifications that wait in the database. */
  readonly waiting: readonly WaitingEntry[];
  /** It was not read: what is asked for with it is too large. To be asked for again. */
  readonly isLeft?: true;
  /** Why nothing of it can be read, now and ever; absent as a rule. */
  readonly unreadable?: Error;
}

export type LookupRequest = SmsName &
  (
    | Readonly<{
        /** `document`: how it is now, and this notification. `history`: every status of this SMS, with its record. */
        wants: 'document' | 'history';
        notificationId: string;
      }>
    /** The history, and if there is any the document's record as it is now; nothing else of the document. */
    | Readonly<{ wants: 'records' }>
  );

export interface Lookups {
  /**
   * Answers in the order of the requests; what can't be read with the others is read by itself, later. Of documents
   * that are large together it reads some, one at least, and leaves the others.
   */
  lookUp(requests: readonly LookupRequest[]): Promise<readonly (Lookup | Promise<Lookup>)[]>;
}

/** The end of one notification, or a record to be put back. */
export interface Ending {
  readonly smsKey: string;
  readonly documentKey: DocumentKey;
  readonly notificationId: string;
  /** Remembered beside it; null where it is not known, absent where nothing is remembered. */
  readonly accountId?: IntegerId | null;
  /** Null when there is none to remember or show. */
  readonly record: DeliveryRecord | null;
  /** False for decisions that are remembered but, by setting, not shown in the document. */
  readonly showRecord: boolean;
  /** False for a record put back, or one of a notification that has not ended. */
  readonly remember: boolean;
  /** The claim on its waiting row, which is removed. */
  readonly claim: string | null;
  /** As in the name of the SMS. */
  readonly shows: ShownRecord | null;
  /** Where its last answer redirected to, as it may be shown: remembered for operators. */
  readonly location?: string;
  /** As in its subject: it replaces what an earlier run, or none, has left of the same notification. */
  readonly run?: string;
  /** Called as soon as the end is remembered: from then on, a crash causes no repeated call. */
  readonly remembered?: () => void;
  /** What else is to be durable before the end is shown, and after it is remembered. */
  readonly onRemembered?: () => Promise<void>;
}

export interface RecordedEnding extends Ending {
  readonly record: DeliveryRecord;
}

export interface OutcomeStore {
  /**
   * Writes the ledger row, then the record, then removes the waiting row, each with majority.
   * Resolves once all are durable, or the record can never be written and that was logged and counted.
   * Transient errors are retried inside for as long as it takes; rejects only when the worker's time to
   * stop is up.
   */
  end(ending: Ending): Promise<void>;
}

export interface RouteSource {
  /**
   * Waits for as long as the central database does not answer: an outage is never a "no". Rejects only when
   * `signal` is aborted.
   */
  find(key: RouteKey, signal: AbortSignal): Promise<RouteLookup>;
}

export interface WebhookSender {
  /**
   * Makes one call. Never rejects for what the receiver or the network did. An answer is read up to the limit of
   * `share`, which accounts for it until the caller releases it. If the call is delayed before it begins, `mayBegin` is
   * asked once more. If it says no, `send` rejects with `Stopping`.
   */
  send(
    attempt: Attempt,
    signal: AbortSignal,
    share?: Share,
    mayBegin?: () => boolean,
  ): Promise<AttemptOutcome>;
}

/**
 * The clock of MongoDB, which all workers share: times that must hold across workers and restarts are read from it,
 * since a worker's own wall clock may show any time. Goes on while the database is away.
 */
export interface ServerClock {
  /** Milliseconds since 1970, with fractions. */
  now(): number;
}
