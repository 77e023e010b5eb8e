import { pause } from '../runtime/abort.ts';

/**
 * Reading pauses at `PAUSE_FROM` changes in hand until `RESUME_AT` are left, so that lookups come in large batches.
 */
const PAUSE_FROM = 192;
const RESUME_AT = 96;
const LOOK_EVERY_MS = 1;
const LONGEST_PAUSE_MS = 50;

/**
 * Keeps reading from running further ahead than the worker can use. A change that only waits lives so long that the
 * garbage collector copies it, usually twice. At full speed, the worker takes 5 to 15 % less CPU time per notification
 * with these numbers than with 768 unacknowledged changes.
 *
 * Changes in hand may also be waiting for slow endpoints or MySQL. So no pause is longer than 50 ms: the changes in
 * hand then count as stuck, and as many more may be read.
 *
 * @param inHand changes that were read and are neither acknowledged nor being called
 * @returns a function to call before a change is begun; it resolves when the change may begin, or at a stop
 */
export function createReadAhead(inHand: () => number): (stopping: AbortSignal) => Promise<void> {
  let stuck = 0;
  const used = (): number => {
    const now = inHand();
    stuck = Math.min(stuck, now);
    return now - stuck;
  };
  return async (stopping) => {
    if (used() < PAUSE_FROM) return;
    const begunAt = performance.now();
    while (used() > RESUME_AT && !stopping.aborted) {
      if (performance.now() - begunAt >= LONGEST_PAUSE_MS) stuck = inHand();
      else await pause(LOOK_EVERY_MS, stopping);
    }
  };
}
