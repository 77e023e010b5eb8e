import type { AttemptOutcome } from '../domain/attempt.ts';
import type { UnreadableReason } from './topic.ts';

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
  /** Up to when the writes of a partition are acknowledged, as saved. */
  checkpointAt(partition: string, wallTime: Date): void;
  recordFailed(code: string): void;
  /** A row of the worker's own that can't be read. */
  rowUnreadable(collection: string): void;
  /** A thread that makes calls has ended and is replaced. */
  httpThreadEnded(cause: 'error' | 'out_of_memory' | 'hung' | 'exited'): void;
  routeLookup(result: 'hit' | 'miss' | 'stale' | 'error'): void;
  leaseHeld(partition: string, isHeld: boolean): void;
}

/** The same of a topic, where statuses are taken from one. */
export interface TopicMetrics {
  /** Messages that are not read yet; null once the partition is not this worker's any more. */
  partitionLag(partition: number, messages: number | null): void;
  rebalanced(kind: 'assigned' | 'revoked' | 'lost', partitions: number): void;
  messageUnreadable(reason: UnreadableReason | 'other_collection'): void;
  /** A message was read that was written then, in ms since 1970. */
  messageWritten(atMs: number): void;
}

/** The same of traces, where any are sent. */
export interface TraceMetrics {
  spansExported(count: number): void;
  /** `stopped`: they were left when the worker ended. */
  spansDropped(cause: 'queue_full' | 'export_failed' | 'stopped', count: number): void;
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
  turned(loop: 'stream' | 'checkpoint' | 'mongodb' | 'mysql' | 'kafka'): void;
  /** The named loop waits on purpose, until it turns again: behind a database that is away, say. */
  waits(loop: 'stream' | 'checkpoint'): void;
}
