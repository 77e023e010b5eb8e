import type { Change } from '../domain/change.ts';
import type { NotifyContext } from '../notify/context.ts';
import { createProcess, type Processing } from '../notify/process.ts';
import type { Partition } from '../ports/source.ts';
import type { LoopHealth } from '../ports/telemetry.ts';
import { ignoreStopping, Stopping } from '../runtime/abort.ts';
import { retryTransient } from '../runtime/retry.ts';
import type { Tasks } from '../runtime/tasks.ts';
import { createWaitGroup } from '../runtime/waitGroup.ts';
import { saveCheckpoints } from './checkpoints.ts';
import { readLoop, type ReadLimits } from './readLoop.ts';
import { createWatermark } from './watermark.ts';

export interface PartitionParts {
  readonly ctx: NotifyContext;
  readonly partition: Partition;
  readonly health: LoopHealth;
  readonly limits: ReadLimits;
  readonly chores: Chores;
}

/**
 * What the holder of a partition does besides, until its `stopping`.
 *
 * @param processFound processes a status that was found in the collection: resolves once it is durable, with whether it
 *   was new
 */
type Chores = (
  partition: Partition,
  processFound: (change: Change) => Promise<boolean>,
) => Promise<void>;

/**
 * Works on a partition until its term is over: reads changes, processes each to its end, moves the checkpoint past what
 * is acknowledged. Then whatever has begun is made durable, the checkpoint is saved and the partition released; calls
 * that still run then are tracked by `tasks`. Rejects with a bug, or with what waiting can't fix; nothing is lost then
 * either, since the checkpoint never passed anything unacknowledged.
 */
export async function workPartition(parts: PartitionParts, tasks: Tasks): Promise<void> {
  const { ctx, partition, limits, health } = parts;
  const { logger, metrics, term } = ctx;
  const watermark = createWatermark(partition.start, limits.unacked);

  const begun = createWaitGroup();
  const startProcess = createProcess(ctx);
  const processChange = (change: Change, ack: () => void): Processing => {
    const processing = startProcess(change);
    const leave = begun.add();
    const leaveAcked = (): void => {
      ack();
      leave();
    };
    processing.durable.then(leaveAcked, (thrown: unknown) => {
      // Not after a bug: nobody is to continue from here then.
      if (thrown instanceof Stopping) leave();
    });
    tasks.track(processing.finished);
    return processing;
  };
  // A successor scans the same page again: whatever has begun must be durable before.
  const processFound = async (change: Change): Promise<boolean> =>
    await processChange(change, () => undefined).durable;

  const shared = { partition, watermark, logger, metrics, health };
  const loops = [
    readLoop({ ...shared, limits, processChange }).catch(ignoreStopping),
    saveCheckpoints(shared),
    parts.chores(partition, processFound).catch(ignoreStopping),
  ];
  try {
    await tasks.orFailed(Promise.all(loops));
    // What remains waits for writes, as long as the database is away.
    health.waits('stream');
    health.waits('checkpoint');
    await tasks.orFailed(begun.wait());
    const save = { what: 'checkpoint', signal: term.abandoned, logger };
    // Release even if the save was fenced: the new holder has its own position, and running calls are finished here.
    await retryTransient(() => partition.save(watermark.position), save);
    await partition.release();
  } finally {
    watermark.close();
  }
}
