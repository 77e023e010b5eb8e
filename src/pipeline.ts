import { keepingClaims, serveRetries } from './retries/serveRetries.ts';
import { createTasks } from './runtime/tasks.ts';
import { workPartition, type PartitionParts } from './source/workPartition.ts';

/**
 * One term of the lease: works on its partition and serves all retries until the term is over, then finishes the calls
 * that still run. Rejects with a bug, or with what waiting can't fix.
 */
export async function runPipeline(parts: PartitionParts): Promise<void> {
  const { ctx } = parts;
  const tasks = createTasks();
  await keepingClaims(ctx, async () => {
    await Promise.all([serveRetries(ctx, tasks), workPartition(parts, tasks)]);
    await tasks.wait();
  });
}
