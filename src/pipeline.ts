import type { Change } from './domain/change.ts';
import type { NotifyContext } from './notify/context.ts';
import { createProcess, type Processing } from './notify/process.ts';
import { renewClaims } from './notify/renewClaims.ts';
import type { Partition } from './ports/source.ts';
import type { LoopHealth } from './ports/telemetry.ts';
import { askForRoutes } from './retries/askForRoutes.ts';
import { watchBlockedRetries } from './retries/blockedRetries.ts';
import { runRetryLoop } from './retries/retryLoop.ts';
import { ignoreStopping, Stopping } from './runtime/abort.ts';
import { createByteBudget } from './runtime/byteBudget.ts';
import { toError } from './runtime/errors.ts';
import { retryTransient } from './runtime/retry.ts';
import { createWaitGroup } from './runtime/waitGroup.ts';
import { saveCheckpoints } from './source/checkpoints.ts';
import { scanGaps } from './source/gapScan.ts';
import { readLoop } from './source/readLoop.ts';
import { createWatermark } from './source/watermark.ts';

export interface PipelineParts {
  readonly ctx: NotifyContext;
  readonly partition: Partition;
  readonly health: LoopHealth;
  /** How far before a gap a carrier's time may lie. */
  readonly marginMs: number;
  /** Unacknowledged changes, at most; each holds one SMS document in memory. */
  readonly maxUnacked: number;
}

/**
 * Memory for what the stream brings: 15 documents of 1 MB with their bodies, or as many ordinary ones as may be
 * unacknowledged. See `docs/decisions/0018-memory-by-bytes.md`.
 */
const READ_BYTES = 32 * 1024 * 1024;

/**
 * Works on a partition until its term is over: reads changes, processes each to its end, moves the checkpoint past what
 * is acknowledged. Then whatever has begun is made durable, the checkpoint is saved and the partition released; running
 * calls are finished after that. Rejects with a bug, or with what waiting can't fix; nothing is lost then either, since
 * the checkpoint never passed anything unacknowledged.
 */
export async function runPipeline(parts: PipelineParts): Promise<void> {
  const { ctx, partition, health, marginMs } = parts;
  const { logger, metrics, term, policy } = ctx;
  const { zone } = policy;
  const watermark = createWatermark(partition.start, parts.maxUnacked);
  const budget = createByteBudget(READ_BYTES);

  const unacked = createWaitGroup();
  const running = createWaitGroup();
  const bug = Promise.withResolvers<never>();
  bug.promise.catch(() => undefined);
  const track = (task: Promise<void>): void => {
    task.then(running.add(), (thrown: unknown) => bug.reject(toError(thrown)));
  };
  const startProcess = createProcess(ctx);
  const processChange = (change: Change, ack: () => void): Processing => {
    const processing = startProcess(change);
    const leave = unacked.add();
    const leaveAcked = (): void => {
      ack();
      leave();
    };
    processing.durable.then(leaveAcked, (thrown: unknown) => {
      // Not after a bug: nobody is to continue from here then.
      if (thrown instanceof Stopping) leave();
    });
    track(processing.finished);
    return processing;
  };
  // A successor scans the same page again: whatever has begun must be durable before.
  const processFound = async (change: Change): Promise<boolean> =>
    await processChange(change, () => undefined).durable;

  const ended = new AbortController();
  void renewClaims(ctx, ended.signal);
  const loops = [
    readLoop({
      ...{ partition, watermark, budget, processChange, logger, metrics, health },
      inHand: () => watermark.unacked - ctx.queues.unanswered,
    }).catch(ignoreStopping),
    saveCheckpoints({ partition, watermark, logger, metrics, health }),
    runRetryLoop(ctx, track),
    watchBlockedRetries(ctx, track),
    askForRoutes(ctx),
    scanGaps({ partition, marginMs, zone, processChange: processFound, logger }).catch(
      ignoreStopping,
    ),
  ];
  try {
    await Promise.race([Promise.all(loops), bug.promise]);
    // What remains waits for writes, as long as the database is away.
    health.waits('stream');
    health.waits('checkpoint');
    await Promise.race([unacked.wait(), bug.promise]);
    const save = { what: 'checkpoint', signal: term.abandoned, logger };
    // Release even if the save was fenced: the new holder has its own position, and running calls are finished here.
    await retryTransient(() => partition.save(watermark.position), save);
    await partition.release();
    await Promise.race([running.wait(), bug.promise]);
  } finally {
    ended.abort();
  }
}
