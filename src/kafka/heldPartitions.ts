import { shareOfBound } from '../domain/shareOfBound.ts';
import type { Partitioning } from '../ports/partitioning.ts';
import type { Metrics, TopicMetrics } from '../ports/telemetry.ts';
import { pause } from '../runtime/abort.ts';
import type { Logger } from '../runtime/logger.ts';
import type { TopicConsumer } from './topicConsumer.ts';
import type { TopicTerm } from './topicTerm.ts';

const LOOK_EVERY_MS = 1_000;
const STALLED_AFTER_MS = 10_000;

/** The partitions that are this member's, and what follows from how many they are. */
export interface HeldPartitions extends Pick<Partitioning, 'held' | 'count'> {
  /** A partition's term is about to begin; `isTakenOver`: calls of whoever had it before may be running. */
  opened(partition: number, topic: Readonly<{ partitions: number; isTakenOver: boolean }>): void;
  rebalanced(kind: 'assigned' | 'revoked' | 'lost', partitions: readonly number[]): void;
  /** Keeps figures and limits as they are to be, until `stopping`. */
  run(stopping: AbortSignal): Promise<void>;
}

export interface HeldPartitionsDeps {
  terms(): ReadonlyMap<number, TopicTerm>;
  /** Null until this member has joined. */
  consumer(): Pick<TopicConsumer, 'knownEnd' | 'bounds'> | null;
  /** There are messages of a partition that don't come. */
  stalled(error: Error): void;
  /** Calls in flight at one endpoint, over all workers. */
  readonly bound: number;
  /** Limits those of this worker. */
  limit(calls: number): void;
  /** The longest that a call may take. */
  readonly callMs: number;
  readonly metrics: Pick<Metrics, 'leaseHeld'>;
  readonly topicMetrics: TopicMetrics;
  readonly logger: Logger;
}

export function createHeldPartitions(deps: HeldPartitionsDeps): HeldPartitions {
  const { terms, consumer, stalled, bound, limit, callMs, metrics, topicMetrics, logger } = deps;
  /** From when on a partition's share counts, by `performance.now()`. */
  const availableAt = new Map<number, number>();
  let held: ReadonlySet<number> = new Set();
  let count = 1;

  const share = (): void => {
    const partitions = [...held].map((partition) => ({
      availableAt: availableAt.get(partition) ?? 0,
    }));
    limit(shareOfBound(bound, partitions, count, performance.now()));
  };
  const showLag = (): void => {
    for (const [partition, term] of terms()) {
      const end = consumer()?.knownEnd(partition) ?? null;
      if (end !== null) topicMetrics.partitionLag(partition, Math.max(0, end - term.nextOffset));
    }
  };
  const keepShown = async (stopping: AbortSignal): Promise<void> => {
    while (!stopping.aborted) {
      share();
      showLag();
      await pause(LOOK_EVERY_MS, stopping);
    }
  };
  /** The client loses the error of a partition that it stops reading, if messages of others come with it. */
  const watchProgress = async (stopping: AbortSignal): Promise<void> => {
    /** Where a partition was when it had messages to read, and none waiting: once they may just have been written. */
    const suspects = new WeakMap<TopicTerm, number>();
    while (!stopping.aborted) {
      await pause(STALLED_AFTER_MS, stopping);
      for (const [partition, term] of terms()) {
        const bounds = term.waiting === 0 ? await boundsOf(partition) : null;
        if (stopping.aborted) return;
        const { nextOffset } = term;
        const isBehind = bounds !== null && (nextOffset < bounds.low || nextOffset < bounds.high);
        const wasSuspect = suspects.get(term) === nextOffset;
        suspects.delete(term);
        if (!isBehind || term.waiting > 0) continue;
        if (!wasSuspect) suspects.set(term, nextOffset);
        else {
          const { low, high } = bounds;
          const where = `at ${nextOffset} of ${low} to ${high}`;
          stalled(new Error(`partition ${partition} is not read any more, ${where}`));
        }
      }
    }
  };
  const boundsOf = async (
    partition: number,
  ): Promise<Readonly<{ low: number; high: number }> | null> => {
    const asked = consumer()?.bounds(partition) ?? null;
    return asked === null ? null : await asked.catch(() => null);
  };
  return {
    held: () => held,
    count: () => count,
    opened(partition, { partitions, isTakenOver }) {
      count = Math.max(1, partitions);
      availableAt.set(partition, performance.now() + (isTakenOver ? callMs : 0));
    },
    rebalanced(kind, partitions) {
      topicMetrics.rebalanced(kind, partitions.length);
      const gone = kind !== 'assigned';
      if (gone) logger.info('partitions_revoked', { kind, partitions });
      else logger.info('partitions_assigned', { partitions });
      held = new Set([...terms().keys()].filter((each) => !(gone && partitions.includes(each))));
      for (const partition of partitions) {
        metrics.leaseHeld(String(partition), !gone);
        if (gone) topicMetrics.partitionLag(partition, null);
      }
      share();
    },
    async run(stopping) {
      await Promise.all([keepShown(stopping), watchProgress(stopping)]);
    },
  };
}
