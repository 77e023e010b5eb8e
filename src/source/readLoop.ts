import type { Change } from '../domain/change.ts';
import { weightOfChange } from '../domain/weight.ts';
import type { Processing } from '../notify/process.ts';
import type { Partition } from '../ports/source.ts';
import type { LoopHealth, Metrics } from '../ports/telemetry.ts';
import type { ByteBudget } from '../runtime/byteBudget.ts';
import type { Logger } from '../runtime/logger.ts';
import { retryTransient } from '../runtime/retry.ts';
import { createReadAhead } from './readAhead.ts';
import { recordGap } from './startPosition.ts';
import type { Watermark } from './watermark.ts';

interface ReadLoopDeps {
  readonly partition: Pick<Partition, 'read' | 'gaps' | 'stopping'>;
  readonly watermark: Watermark;
  /** Memory for what was read and is not processed yet. */
  readonly budget: ByteBudget;
  /** Changes that were read and are neither acknowledged nor being called. */
  inHand(): number;
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
  const { partition, watermark, budget, processChange, logger, metrics, health } = deps;
  const { gaps, stopping } = partition;
  const mayBegin = createReadAhead(deps.inHand);
  for (;;) {
    const read = await partition.read();
    switch (read.kind) {
      case 'change': {
        const { change } = read;
        health.waits('stream');
        while (!watermark.hasRoom || !budget.hasRoom) {
          await (watermark.hasRoom ? budget : watermark).untilRoom(stopping);
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
