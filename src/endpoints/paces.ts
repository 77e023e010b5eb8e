import type { EndpointQueue } from './queue.ts';

/** Unknown: it has not answered yet. */
export type Pace = 'quick' | 'unknown' | 'slow';

/** What the latest answer counts among those before it. */
const LATEST = 0.1;
/** An endpoint that takes longer is not quick. */
const SLOW_MS = 500;
/** However busy this process is it does not take so long. */
const SLOW_WHEN_BUSY_MS = 2_000;
/** Nothing but an endpoint takes so long. */
export const SLOW_IN_ANY_CASE_MS = 3_000;

/**
 * How quick endpoints are. While this process is CPU-bound, each turn of its event loop that an answer has to wait for
 * counts in what an endpoint seems to take: at full speed on a slow machine that came to more than half a second for
 * endpoints that answer at once, so a seventh of their notifications took the detour through the database, which made
 * it slower still. Such an answer counts as quick then unless it took two seconds.
 */
export interface Paces {
  isBusy(): boolean;
  /** From so many milliseconds on an endpoint is slow now. */
  slowFromMs(): number;
  of(queue: EndpointQueue, nowMs: number): Pace;
  /** An answer after that time; the first one stands for itself. */
  noteAnswer(queue: EndpointQueue, afterMs: number): void;
}

export function createPaces(isBusy: () => boolean): Paces {
  const slowFromMs = (): number => (isBusy() ? SLOW_WHEN_BUSY_MS : SLOW_MS);
  return {
    isBusy,
    slowFromMs,
    of(queue, nowMs) {
      const slowness = slownessOf(queue, nowMs);
      if (slowness >= SLOW_MS && slowness >= slowFromMs()) return 'slow';
      return queue.answersAfterMs === null ? 'unknown' : 'quick';
    },
    noteAnswer(queue, afterMs) {
      const counted = afterMs >= slowFromMs() ? afterMs : Math.min(afterMs, SLOW_MS - 1);
      const before = queue.answersAfterMs ?? counted;
      queue.answersAfterMs = before + LATEST * (counted - before);
    },
  };
}

/** How long its endpoint takes: lately on average, or the longest so far of the calls that run. */
export function slownessOf({ answersAfterMs, unanswered }: EndpointQueue, nowMs: number): number {
  let oldest = nowMs;
  for (const { since } of unanswered) {
    oldest = since;
    break;
  }
  return Math.max(answersAfterMs ?? 0, nowMs - oldest);
}
