import type { TopicMessage } from '../ports/topic.ts';

/** Of the message that is read next in a partition of the topic. */
export interface OffsetToCommit {
  readonly partition: number;
  readonly offset: number;
}

/**
 * - fenced: this member was expelled from the group
 * - rebalancing: members are joining or leaving; the same commit may succeed in a moment
 */
export type CommitResult = 'committed' | 'fenced' | 'rebalancing';

/** What the consumer says without being asked. None of the functions may throw. */
export interface ConsumerEvents {
  /** These partitions are this member's, as soon as `assign` is called for all of them. */
  assigned(partitions: readonly number[]): void;
  /**
   * These partitions go to another member, as soon as `unassign` is called for all of them; `isLost`: another member may
   * have them already.
   */
  revoked(partitions: readonly number[], isLost: boolean): void;
  /** Only closing it and opening another can help. */
  failed(error: Error): void;
  /** For people: no broker answers, say. Null once one does again. */
  troubled(problem: string | null): void;
}

/**
 * One member of the consumer group. Calls that ask a broker reject when none answers in time; none takes longer than
 * ten seconds.
 */
export interface TopicConsumer {
  /** Joins the group. */
  open(events: ConsumerEvents): Promise<void>;
  /**
   * What has come, after a tenth of a second at most. To be called one at a time and all the time: events come only
   * while it is, and a member that does not call it for a minute is expelled. Brings some of a partition that was
   * revoked, if they were under way; of one that is assigned only what was fetched since.
   */
  poll(): Promise<readonly TopicMessage[]>;
  /** None of them is paused then. */
  assign(places: readonly OffsetToCommit[]): void;
  unassign(partitions: readonly number[]): void;
  /** Nothing more of these comes until `resume`. What has come and was not polled is fetched again then. */
  pause(partitions: readonly number[]): void;
  resume(partitions: readonly number[]): void;
  /** What it rejects is not carried out later. */
  commit(place: OffsetToCommit): Promise<CommitResult>;
  /** The committed offsets, of those partitions that have one. */
  committed(partitions: readonly number[]): Promise<ReadonlyMap<number, number>>;
  /** The offset of the oldest message and the one after the newest. */
  bounds(partition: number): Promise<Readonly<{ low: number; high: number }>>;
  /** The same as far as it is known here, without asking; null when it is not. */
  knownEnd(partition: number): number | null;
  /** When the oldest message was written; null when there is none. */
  firstMessageAt(partition: number): Promise<Date | null>;
  /** Of the first message that was written at that time or later; null when there is none. */
  offsetAt(partition: number, time: Date): Promise<number | null>;
  /** Its id, which a topic that is made anew has another of, and how many partitions it has. */
  topic(): Promise<Readonly<{ id: string; partitions: number }>>;
  /**
   * Leaves the group, or does not join it if `open` is under way. `revoked` may still be called. Resolves within ten
   * seconds whether a broker answers or not.
   */
  close(): Promise<void>;
}
