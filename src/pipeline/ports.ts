import type { Attempt, AttemptOutcome } from '../domain/attempt.ts';
import type { Change, DocumentKey, StreamPosition } from '../domain/change.ts';
import type { PlainDocument } from '../domain/plainValue.ts';
import type { DeliveryRecord } from '../domain/record.ts';
import type { Route, RouteKey } from '../domain/route.ts';

/** What one read of the change stream brought. */
export type StreamRead =
  | Readonly<{ kind: 'change'; change: Change }>
  /** Nothing that concerns us up to `position`. */
  | Readonly<{ kind: 'idle'; position: StreamPosition }>
  /** A write that set no status after all (null), or whose event can't be used; nothing to notify. */
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
  /** Opens just after `position`. `replay: true` opens at its cluster time instead, seeing it again. */
  open(position: StreamPosition, options: { replay: boolean }): Promise<ChangeStreamHandle>;
}

/** Where the worker left off. Saved with majority. */
export interface CheckpointStore {
  load(): Promise<StreamPosition | null>;
  save(position: StreamPosition): Promise<void>;
}

/** A notification that ended, as the ledger remembers it. */
export interface LedgerEntry {
  readonly notificationId: string;
  /** Null when no record was to be written. */
  readonly record: DeliveryRecord | null;
}

/** What is known of an SMS when a change of it is taken up. Read from the primary. */
export interface Lookup {
  /** The document as it is now; null when it is gone, or was not asked for. */
  readonly document: PlainDocument | null;
  /** Ended notifications the ledger remembers: the one asked about, or the SMS' whole history. */
  readonly ended: readonly LedgerEntry[];
}

export interface LookupRequest {
  readonly documentKey: DocumentKey;
  readonly smsKey: string;
  readonly notificationId: string;
  /** `document`: how it is now, and this notification. `history`: every status of this SMS that ended. */
  readonly wants: 'document' | 'history';
}

export interface SmsStore {
  /** Answers in the order of the requests. */
  lookUp(requests: readonly LookupRequest[]): Promise<readonly Lookup[]>;
}

/** The end of one notification, or a record to be put back. */
export interface Ending {
  readonly smsKey: string;
  readonly documentKey: DocumentKey;
  readonly notificationId: string;
  readonly record: DeliveryRecord;
  /** False for decisions that are remembered but, by setting, not shown in the document. */
  readonly showRecord: boolean;
  /** True when the ledger already has it and only the document's record is to be restored. */
  readonly restoresRecord: boolean;
}

export interface OutcomeStore {
  /**
   * Writes the ledger row, then the record, both with majority. Resolves once both are durable, or the
   * record can never be written and that was logged and counted. Transient errors are retried inside for
   * as long as it takes; rejects only when the worker's time to stop is up.
   */
  end(ending: Ending): Promise<void>;
}

export interface RouteSource {
  /**
   * Waits for as long as the central database does not answer: an outage is never a "no".
   * Rejects only when `signal` is aborted.
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
  streamRead(read: Readonly<{ empty: boolean; wallTime: Date }>): void;
  streamReopened(cause: string): void;
  checkpointAt(wallTime: Date): void;
  recordFailed(code: string): void;
  routeLookup(result: 'hit' | 'miss' | 'stale' | 'error'): void;
}

/** Where the loops say how they are, for `/livez` and `/readyz`. */
export interface LoopHealth {
  /** The stream was read. */
  streamOpen(): void;
  /** `detail` is a phrase for people: what happened and what is being done about it. */
  streamDown(detail: string): void;
  /** The named loop went round once more; one that stays silent for minutes has hung. */
  turned(loop: 'stream' | 'checkpoint'): void;
  /** The named loop waits on purpose, until it turns again: behind a database that is away, say. */
  waits(loop: 'stream' | 'checkpoint'): void;
}
