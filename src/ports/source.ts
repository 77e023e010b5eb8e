import type { Change, StreamPosition } from '../domain/change.ts';
import type { FoundDocument, Gap } from '../domain/gap.ts';
import type { WakeUp } from '../runtime/wakeUp.ts';

/** What one read of an open change stream brought. */
export type StreamEvent =
  | Readonly<{
      kind: 'change';
      change: Change;
      /**
       * Why the event could not be read whole, as a `StreamFailure`'s code: the change carries its status and delivery
       * time only, as of an update, whatever the operation; or is one of an SMS that can't be named. Exactly this event
       * was skipped; absent for one that was read as usual.
       */
      briefFor?: string;
    }>
  /** Nothing that concerns us up to `position`. */
  | Readonly<{ kind: 'idle'; position: StreamPosition }>
  /** An update that set no status after all (null), or an event that can't be used; nothing to do. */
  | Readonly<{ kind: 'ignored'; position: StreamPosition }>
  /** The collection was dropped or renamed: the stream ended at `position` and can be reopened there. */
  | Readonly<{ kind: 'collectionGone'; position: StreamPosition; operation: string }>;

/**
 * Why a change stream ended, as far as it matters for what to do next:
 * - transient: the network, an election, a restart; reopen where we were.
 * - tokenUnusable: the server refuses the position's token for this pipeline; reopen at its time.
 * - historyLost: the oplog no longer holds the position.
 * - unreadable: an event that comes next is too large for an answer, or can't be decoded; reopened where we were,
 *   the change source reads less of it.
 * - oversized: the same again and again, however little of it is asked for: it can't be stepped over.
 * - denied: not allowed, or wrong credentials; waits longer, until somebody fixes it.
 * - unsupported: this server can never serve a change stream (a standalone, a view).
 */
export type StreamFailureKind =
  | 'transient'
  | 'tokenUnusable'
  | 'historyLost'
  | 'unreadable'
  | 'oversized'
  | 'denied'
  | 'unsupported';

export class StreamFailure extends Error {
  override readonly name = 'StreamFailure';
  readonly kind: StreamFailureKind;
  /** The server's error code or the driver's error class: short and stable, for logs and metrics. */
  readonly code: string;

  constructor(kind: StreamFailureKind, code: string, cause: unknown) {
    super(`the change stream ended: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
    });
    this.kind = kind;
    this.code = code;
  }
}

/** An open change stream. Not for concurrent use: one `read` at a time. */
export interface ChangeStreamHandle {
  /** Waits for the next change, or about a second. Throws `StreamFailure` when the stream is over. */
  read(): Promise<StreamEvent>;
  close(): Promise<void>;
}

export interface ChangeSource {
  /** The newest position there is, for a first start. */
  currentPosition(): Promise<StreamPosition>;
  /** The position at a time, or the newest one if that is in the future. */
  positionAt(time: Date): Promise<StreamPosition>;
  /** Whether that position is no earlier than the other one, by the stream's own order. */
  hasReached(position: StreamPosition, target: StreamPosition): boolean;
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
   * `fenced` when a later holder of the lease has saved, or the row is not as this store left it: an older state of the
   * database was restored. Nothing is saved then: this worker's position is void, and whoever continues starts from the
   * saved one.
   */
  save(position: StreamPosition): Promise<'saved' | 'fenced'>;
}

/** One page of a gap scan; all of it is durable before the next is read. */
interface GapPage {
  readonly found: readonly FoundDocument[];
  /** The store's own: where the next page begins. */
  readonly progress: unknown;
  readonly isLast: boolean;
}

/** What a scan came to. */
interface GapTally {
  /** Statuses that were new. */
  readonly recovered: number;
  /** Documents with a status that do not say when they got it; nobody is notified. */
  readonly unplaceable: number;
}

/** Gaps still to be scanned for, and the scan. Each call rejects when the database does not answer. */
export interface GapStore {
  /** Woken when this process has recorded a gap. */
  readonly changed: WakeUp;
  /** Durable with majority when it resolves, alone or as part of a gap whose scan has not begun. */
  add(from: Date, to: Date): Promise<void>;
  /** The one to scan for, joined with all others whose scan has not begun. */
  oldest(): Promise<Gap | null>;
  /**
   * Documents that may have got their status in the gap, after the pages passed. May be empty before the
   * last one, and may bring some for a second time.
   */
  nextPage(gap: Gap): Promise<GapPage>;
  /** All of the page is durable; what came of it is added up, once however often this is called. */
  passed(gap: Gap, page: GapPage, tally: GapTally): Promise<void>;
  /** The whole gap has been scanned for; what came of it, over restarts. */
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

/**
 * Lets workers take statuses from a topic only while nobody takes them from the change stream, and the other way round.
 * Each call rejects when the database does not answer.
 */
export interface ModeGuard {
  /** `held`: for as long as the lease would be, nobody is given that. `leaseInForce`: somebody has it; ask again. */
  lockForTopic(): Promise<'held' | 'leaseInForce'>;
  /** For that long again, from now on; to be called as often as a lease is renewed. */
  renew(): Promise<'held' | 'leaseInForce'>;
  /** This worker takes nothing from the topic any more. Once no other does either, the lease may be given at once. */
  release(): Promise<void>;
}

/**
 * Where workers that stand by make themselves known to operators. Neither call rejects, and nothing else depends on
 * them.
 */
export interface Standbys {
  /** It stands by; to be called for as long as that is so, and written down now and then. */
  seen(): Promise<void>;
  /** It does not any more. */
  left(): Promise<void>;
}

/** What one read of a partition brought. */
export type StreamRead =
  | Readonly<{ kind: 'change'; change: Change }>
  /** Nothing that concerns us up to `position`. */
  | Readonly<{ kind: 'passed'; position: StreamPosition }>
  /**
   * The stream continues at `position` and has not shown what was written from `from` until `until`: to be recorded as
   * a gap before the next read. Not from the watermark on: what lies before `from` is being processed, and a successor
   * that starts there finds the same gap. From there only where `from` is null: the collection was dropped or renamed,
   * and another may have taken its place, with statuses that no stream has shown.
   */
  | Readonly<{ kind: 'gap'; from: Date | null; until: Date; position: StreamPosition }>;

/** The share of its time at the end in which a right counts as lost: for what is running to stop. */
export const LEASE_MARGIN = 0.2;

/** The only partition under the lease. Whoever holds it sees to what concerns all partitions. */
export const FIRST_PARTITION = '0';

/** A part of all statuses, which one worker at a time works on; this is one worker's term of that. */
export interface Partition {
  /** A number as text. */
  readonly id: string;
  /** Greater for each later holder of the lease; 0 in a group, whose brokers tell its generations apart. */
  readonly epoch: number;
  /** Where reading begins. */
  readonly start: StreamPosition;
  /** Aborted when the worker stops or the partition may pass on to another. */
  readonly stopping: AbortSignal;
  /** What the stream could not show. */
  readonly gaps: GapStore;
  /**
   * Whether the term still holds by this process' own clock; to be asked right before what no two workers may do at
   * once. A process that was frozen continues in the middle of its code, before any timer of its own.
   */
  isHeld(): boolean;
  /**
   * Waits for the next change, or about a second. To be called one at a time, when what the read before has brought is
   * at least being processed. Rejects when `stopping` is aborted, and with what reopening the stream can't fix.
   */
  read(): Promise<StreamRead>;
  /** Resolves when it has been read up to the database's present position. Rejects when `stopping` is aborted. */
  caughtUp(): Promise<void>;
  /** As `CheckpointStore.save`. The term is over when it is fenced off: `stopping` follows. */
  save(position: StreamPosition): Promise<'saved' | 'fenced'>;
  /** To be called once nothing of the work depends on the term any more: another worker may begin. */
  release(): Promise<void>;
}

/** Hands out partitions to work on. */
export interface PartitionSource {
  /** Works one term after the other, until `stopping`. Rejects when `work` does, but for a term that was lost. */
  run(work: (partition: Partition) => Promise<void>, stopping: AbortSignal): Promise<void>;
}
