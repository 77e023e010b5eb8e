import { waitAtMost } from '../runtime/abort.ts';
import type { KafkaConsumer } from './clientTypes.ts';

/** The group's coordinator may not answer. */
const LEAVE_MS = 8_000;
const UNASSIGN_MS = 2_000;

/** Closes a consumer, within ten seconds whether a broker answers or not. */
export async function leave(consumer: KafkaConsumer): Promise<void> {
  if (!consumer.isConnected()) return;
  let hasLeft = false;
  const leaving = new Promise<void>((resolve) => {
    consumer.disconnect(() => {
      hasLeft = true;
      resolve();
    });
  });
  await waitAtMost(LEAVE_MS, leaving);
  if (hasLeft) return;
  // One thread of libuv's waits for this, and so would the end of the process.
  try {
    consumer.unassign();
  } catch {
    // It has left just now.
  }
  await waitAtMost(UNASSIGN_MS, leaving);
}
