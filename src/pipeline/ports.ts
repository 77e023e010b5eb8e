import type { Attempt, AttemptOutcome } from '../domain/attempt.ts';
import type { Change, DocumentKey, StreamPosition } from '../domain/change.ts';
import type { PlainDocument } from '../domain/plainValue.ts';
import type { RecordedWebhook } from '../domain/buildRecord.ts';
import type { FoundDocument, Gap } from '../domain/gap.ts';
import type { SmsName } from '../domain/notification.ts';
import type { DeliveryRecord, FailedReason } from '../domain/record.ts';
import type { Route, RouteKey } from '../domain/route.ts';
import type { Nudge } from '../runtime/nudge.ts';

/**
 * The clock of MongoDB, which all workers share: what must hold across workers and restarts goes by it, since a
 * worker's own wall clock may be set to any time. Goes on while the database is away.
 */
export interface ServerClock {
  /** Milliseconds since 1970, with fractions. */
  now(): number;
}

/** What one read of the change stream brought. */
export type StreamRead =
  | Readonly<{
      kind: 'change';
      change: Change;
      /**
       * Why the event could not be read whole, as a `StreamFailure`'s code: the change carries its status and delivery time
       * only, as of an update, whatever the operation; or is one of an SMS that can't be named. Stepped over exactly this
       * event; absent for one that was read as usual.
       */
      briefFor?: string;
    }>
  /** Nothing that concerns us up to `position`. */
  | Readonly<{ kind: 'idle'; position: StreamPosition }>
  /** An update that set no status after all (null), or an event that can't be used; nothing to do. */
  | Readonly<{ kind: 'ignored'; position: StreamPosition }>
  /** The collection was dropped or renamed: the stream ended at `position` and can be reopened there. */
  | Readonly<{ kind: 'collectionGone'; position: StreamPosition; operation: string }>;

/** An open change stream. Not for concurrent use: one `read` at a time. */
export interface ChangeStreamHandle {
  /** Waits for the next change, or about a second. Throws `StreamFailure` when the stream is over. */
  read(): Promise<StreamRead>;
  close(): Promise<void>;
}

export interface ChangeSource {
  /** The newest position there is, for a first start. */
  currentPosition(): Promise<StreamPosition>;
  /** The position at a time, or the newest one if that is in the future. */
  positionAt(time: Date): Promise<StreamPosition>;
  /** Whether that position is no earlier than the other one, by the stream's own order. */
  isThere(position: StreamPosition, target: StreamPosition): boolean;
  /** Opens just after `position`. `replay: true` opens at its cluster time instead, seeing it again. */
  open(position: StreamPosition, options: { replay: boolean }): Promise<ChangeStreamHandle>;
}

interface LoadedCheckpoint {
  readonly position: StreamPosition;
  /** Why the stream must not be opened there, in words for a log; null when all is well. */
  readonly doubt: string | null;
}

/** Where the worker left off. Saved with majority. */
export interface CheckpointStore {
  load(): Promise<LoadedCheckpoint | null>;
  /**
   * Rejects with `Fenced` when a later holder of the lease has saved, or the row is not as this store left it:
   * an older state of the database was restored.
   */
  save(position: StreamPosition): Promise<void>;
}

/** One page of a search, all to be settled before the next. */
interface GapPage {
  readonly found: readonly FoundDocument[];
  /** The store's own: where the next page begins. */
  readonly progress: unknown;
  readonly isLast: boolean;
}

/** What a search came to. */
export interface GapTally {
  /** Statuses that were news. */
  readonly recovered: number;
  /** Documents with a status that do not say when they got it; not told. */
  readonly unplaceable: number;
}

/** Gaps still to be searched, and the search. Each call rejects when the database does not answer. */
export interface GapStore {
  /** Given when this process has put down a gap. */
  readonly news: Nudge;
  /** Durable with majority when it resolves, alone or as part of a gap whose search has not begun. */
  add(from: Date, to: Date): Promise<void>;
  /** The one to be searched, joined with all others whose search has not begun. */
  oldest(): Promise<Gap | null>;
  /**
   * Documents that may have got their status in the gap, after the pages passed. May be empty before the
   * last one, and may bring some for a second time.
   */
  nextPage(gap: Gap): Promise<GapPage>;
  /** The page is settled; what came of it is added up, once however often this is called. */
  passed(gap: Gap, page: GapPage, tally: GapTally): Promise<void>;
  /** The whole gap has been searched; what came of it, over restarts. */
  remove(gap: Gap): Promise<GapTally>;
}

/** The right to work, for a while. A later holder has a greater epoch. */
export interface Lease {
  readonly epoch: number;
}

export interface LeaseStore {
  /** Null while another worker holds it. */
  acquire(): Promise<Lease | null>;
  /** False when another worker has it by now. */
  renew(lease: Lease): Promise<boolean>;
  release(lease: Lease): Promise<void>;
}

/** A notification that ended, as the ledger remembers it. */
export interface LedgerEntry {
  readonly notificationId: string;
  /** Null when no record was to be written. */
  readonly record: DeliveryRecord | null;
  /** As in its subject. */
  readonly run?: string;
}

/** A notification in durable state. */
export interface ParkedEntry {
  readonly notificationId: string;
  /** It is being called. */
  readonly isClaimed: boolean;
  /** When its status was set, where that is known. */
  readonly statusAt?: Date;
  /** What its document is to show while it waits; null before its first attempt, while it is claimed, or if not asked for. */
  readonly record: DeliveryRecord | null;
  /** As in its subject. */
  readonly run?: string;
}

/** What is known of an SMS when a change of it is taken up. Read from the primary. */
export interface Lookup {
  /** The document as it is now; null when it is gone, or was not asked for. */
  readonly document: PlainDocument | null;
  /** Ended notifications the ledger remembers: the one asked about, or the SMS' whole history. */
  readonly ended: readonly LedgerEntry[];
  /** This SMS' notifications in durable state. */
  readonly parked: readonly ParkedEntry[];
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

export interface SmsStore {
  /**
   * Answers in the order of the requests; what can't be read with the others is read by itself, later. Of documents that
   * are large together it reads some, one at least, and leaves the others.
   */
  lookUp(requests: readonly LookupRequest[]): Promise<readonly (Lookup | Promise<Lookup>)[]>;
}

/** The end of one notification, or a record to be put back. */
export interface Ending {
  readonly smsKey: string;
  readonly documentKey: DocumentKey;
  readonly notificationId: string;
  /** Null when there is none to remember or show. */
  readonly record: DeliveryRecord | null;
  /** False for decisions that are remembered but, by setting, not shown in the document. */
  readonly showRecord: boolean;
  /** False for a record put back, or one of a notification that has not ended. */
  readonly remember: boolean;
  /** The claim on its row in durable state; that row is removed. */
  readonly claim: string | null;
  /** As in the name of the SMS: no promise, another status' record may be there by now. */
  readonly showsNone: boolean;
  /** As in its subject: it replaces what an earlier run, or none, has left of the same notification. */
  readonly run?: string;
  /** What else is to be durable before the end is shown, and after it is remembered. */
  readonly onRemembered?: () => Promise<void>;
}

export interface RecordedEnding extends Ending {
  readonly record: DeliveryRecord;
}

export interface OutcomeStore {
  /**
   * Writes the ledger row, then the record, then removes the row in durable state, each with majority.
   * Resolves once all are durable, or the record can never be written and that was logged and counted.
   * Transient errors are retried inside for as long as it takes; rejects only when the worker's time to
   * stop is up.
   */
  end(ending: Ending): Promise<void>;
}

/** A webhook as it may be stored and shown, and the lane it is called in. */
export type EndpointName = RecordedWebhook & { readonly endpointKey: string };

/** Which endpoints are not to be called any more, by what their receivers said. */
export interface EndpointStore {
  isDisabled(endpointKey: string): boolean;
  /** It is disabled from now on, for this process, and will be for all. */
  avoid(endpointKey: string): void;
  /**
   * Durable with majority when it resolves, or refused for good, logged and counted: then only this process does
   * not call it.
   */
  disable(webhook: EndpointName, reason: FailedReason): Promise<void>;
}

export interface RouteSource {
  /**
   * Waits for as long as the central database does not answer: an outage is never a "no". Rejects with
   * `RouteUnknown` when it answers others but not for this key; else only when `signal` is aborted.
   */
  find(key: RouteKey, signal: AbortSignal): Promise<Route>;
}

export interface WebhookSender {
  /** Makes one call. Never rejects for what the receiver or the network did. */
  send(attempt: Attempt, signal: AbortSignal): Promise<AttemptOutcome>;
}

/** Counters and gauges, named as `/metrics` shows them. */
export interface Metrics {
  notificationEnded(state: 'delivered' | 'failed' | 'skipped', reason: string): void;
  notNotified(reason: 'not_opted_in' | 'filtered_status' | 'document_gone' | 'duplicate'): void;
  attempted(outcome: AttemptOutcome): void;
  delivered(secondsSinceStatus: number): void;
  inFlight(count: number): void;
  breakersOpen(count: number): void;
  streamRead(read: Readonly<{ empty: boolean; wallTime: Date }>): void;
  streamReopened(cause: string): void;
  gapFound(): void;
  checkpointAt(wallTime: Date): void;
  recordFailed(code: string): void;
  /** A row of the worker's own that can't be read. */
  rowUnreadable(collection: string): void;
  routeLookup(result: 'hit' | 'miss' | 'stale' | 'error'): void;
  leaseHeld(held: boolean): void;
}

/** Where the loops say how they are, for `/livez` and `/readyz`. */
export interface LoopHealth {
  /** The stream was read. */
  streamOpen(): void;
  /** Another worker works; this one is ready to take over. */
  standby(): void;
  /** `detail` is a phrase for people: what happened and what is being done about it. */
  streamDown(detail: string): void;
  /** The named loop went round once more; one that stays silent for minutes has hung. */
  turned(loop: 'stream' | 'checkpoint' | 'mongodb' | 'mysql'): void;
  /** The named loop waits on purpose, until it turns again: behind a database that is away, say. */
  waits(loop: 'stream' | 'checkpoint'): void;
}
