import type { NotifyContext } from './notify/context.ts';
import type { Partition } from './ports/source.ts';
import { keepingClaims, serveRetries } from './retries/serveRetries.ts';
import { createTasks } from './runtime/tasks.ts';
import { workPartition, type PartitionParts } from './source/workPartition.ts';

/** All that work on a partition takes, but the partition. */
export type Work = Omit<PartitionParts, 'partition'>;

/**
 * Works for as long as this process may: for a term of the lease, or a membership in the consumer group. Works on each
 * partition that `runPartitions` brings, serves all retries until `work.ctx.term` is stopping, then finishes the calls
 * that still run. Rejects with a bug, or with what waiting can't fix.
 */
export async function runPipeline(
  work: Work,
  runPartitions: (workOn: (partition: Partition) => Promise<void>) => Promise<void>,
): Promise<void> {
  const { ctx } = work;
  const tasks = createTasks();
  const workOn = async (partition: Partition): Promise<void> =>
    await workPartition({ ...work, partition, ctx: withinTerm(ctx, partition) }, tasks);
  await keepingClaims(ctx, async () => {
    await Promise.all([serveRetries(ctx, tasks), runPartitions(workOn)]);
    await tasks.wait();
  });
}

/** The same, for as long as the partition is held. */
function withinTerm(ctx: NotifyContext, { stopping, isHeld }: Partition): NotifyContext {
  const { term } = ctx;
  return term.stopping === stopping ? ctx : { ...ctx, term: { ...term, stopping, isHeld } };
}
