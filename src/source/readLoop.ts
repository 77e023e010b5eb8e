import type { Change } from '../domain/change.ts';
import { weightOfChange } from '../domain/weight.ts';
import type { Processing } from '../notify/process.ts';
import type { Partition } from '../ports/source.ts';
import type { LoopHealth, Metrics } from '../ports/telemetry.ts';
import { createByteBudget, type ByteBudget } from '../runtime/byteBudget.ts';
import type { Logger } from '../runtime/logger.ts';
import { retryTransient } from '../runtime/retry.ts';
import { createReadAhead } from './readAhead.ts';
import { recordGap } from './startPosition.ts';
import { createUnacked, type Unacked } from './unacked.ts';
import type { Watermark } from './watermark.ts';

/** How much may be read and not be processed, over all partitions that this process works on. */
export interface ReadLimits {
  /** Each unacknowledged change holds one SMS document in memory. */
  readonly unacked: Unacked;
  /** Memory for what was read and is not processed yet. */
  readonly budget: ByteBudget;
  /** Resolves when one more change may begin, or at a stop. */
  mayBegin(stopping: AbortSignal): Promise<void>;
}

/**
 * Memory for what the stream brings: 15 documents of 1 MB with their bodies, or as many ordinary ones as may be
 * unacknowledged. See `docs/decisions/0018-memory-by-bytes.md`.
 */
const READ_BYTES = 32 * 1024 * 1024;

/**
 * @param maxUnacked unacknowledged changes, at most
 * @param queues `unanswered`: the changes that are being called
 */
export function createReadLimits(
  maxUnacked: number,
  queues: Readonly<{ unanswered: number }>,
): ReadLimits {
  const unacked = createUnacked(maxUnacked);
  return {
    unacked,
    budget: createByteBudget(READ_BYTES),
    mayBegin: createReadAhead(() => unacked.count - queues.unanswered),
  };
}

interface ReadLoopDeps {
  readonly partition: Pick<Partition, 'read' | 'gaps' | 'stopping'>;
  readonly watermark: Watermark;
  readonly limits: ReadLimits;
  /** Starts processing a change; calls `ack` once it is durable. */
  processChange(change: Change, ack: () => void): Pick<Processing, 'finished'>;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly health: LoopHealth;
}

/**
 * Reads the partition: every change is admitted to the watermark and begun, a lost part of the stream is recorded
 * before the watermark passes it. While there is no room nothing is read. Rejects when the partition's `stopping` is
 * aborted.
 */
export async function readLoop(deps: ReadLoopDeps): Promise<never> {
  const { partition, watermark, limits, processChange, logger, metrics, health } = deps;
  const { gaps, stopping } = partition;
  const { unacked, budget, mayBegin } = limits;
  for (;;) {
    const read = await partition.read();
    switch (read.kind) {
      case 'change': {
        const { change } = read;
        health.waits('stream');
        while (!unacked.hasRoom || !budget.hasRoom) {
          await (unacked.hasRoom ? budget : unacked).untilRoom(stopping);
        }
        await mayBegin(stopping);
        health.turned('stream');
        const hold = budget.open();
        hold.add(weightOfChange(change));
        const release = (): void => hold.release();
        processChange(change, watermark.admit(change.position)).finished.then(release, release);
        break;
      }
      case 'passed':
        watermark.pass(read.position);
        break;
      case 'gap': {
        const { from, until, position } = read;
        const record = async (): Promise<void> =>
          await recordGap(from ?? watermark.position.wallTime, until, { gaps, metrics });
        await retryTransient(record, { what: 'gap', signal: stopping, logger });
        watermark.pass(position);
        break;
      }
      default:
        read satisfies never;
    }
  }
}
