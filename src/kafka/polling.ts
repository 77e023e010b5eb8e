import { pause } from '../runtime/abort.ts';
import type { TopicConsumer } from './topicConsumer.ts';
import type { TopicTerm } from './topicTerm.ts';

/** Messages that no partition has read yet; from here on no more are asked for. */
const FULL_AT = 512;
/** Once it has been full for so long, the partitions are paused: a member that does not poll is expelled. */
const PAUSED_AFTER_MS = 1_000;
const RESUMED_AT = FULL_AT / 4;
const LOOK_EVERY_MS = 2;

export interface PollingDeps {
  readonly consumer: Pick<TopicConsumer, 'poll' | 'pause' | 'resume' | 'knownEnd'>;
  readonly terms: ReadonlyMap<number, TopicTerm>;
  /** The loop has gone round, or the process was frozen: false if nothing may go on. */
  turned(): boolean;
  /** The time by MongoDB's clock, in ms: when a partition was read to its end. */
  now(): number;
}

/** Gives what comes to the partitions' terms, until `over`. Rejects when the client fails. */
export async function pollAll(deps: PollingDeps, over: AbortSignal): Promise<void> {
  const { consumer, terms, turned, now } = deps;
  /** A partition that was assigned anew is not paused. */
  const paused = new Map<number, TopicTerm>();
  let fullSince: number | null = null;
  while (!over.aborted && turned()) {
    const waiting = countWaiting(terms);
    if (waiting >= FULL_AT) {
      fullSince ??= performance.now();
      if (performance.now() - fullSince < PAUSED_AFTER_MS) {
        await pause(LOOK_EVERY_MS, over);
        continue;
      }
      const others = [...terms].filter(([partition, term]) => paused.get(partition) !== term);
      if (others.length > 0) consumer.pause(others.map(([partition]) => partition));
      for (const [partition, term] of others) paused.set(partition, term);
    } else if (waiting <= RESUMED_AT || paused.size === 0) {
      fullSince = null;
      const left = [...paused].filter(([partition, term]) => terms.get(partition) === term);
      if (left.length > 0) consumer.resume(left.map(([partition]) => partition));
      paused.clear();
    }
    const messages = await consumer.poll();
    for (const message of messages) terms.get(message.partition)?.push(message);
    if (messages.length === 0 && paused.size === 0) {
      for (const [partition, term] of terms) {
        if (term.nextOffset >= (consumer.knownEnd(partition) ?? Infinity)) {
          term.caughtUp(new Date(now()));
        }
      }
    }
  }
}

function countWaiting(terms: ReadonlyMap<number, TopicTerm>): number {
  let waiting = 0;
  for (const term of terms.values()) waiting += term.waiting;
  return waiting;
}
