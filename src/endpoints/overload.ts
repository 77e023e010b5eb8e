import type { EndpointQueue, Waiter } from './queue.ts';
import { SLOW_IN_ANY_CASE_MS, slownessOf, type Paces } from './paces.ts';

/**
 * How long a fresh notification may wait in a slow queue. Together with the check, the write to durable state and the
 * next save, the checkpoint stays less than five seconds behind.
 */
const FRESH_PATIENCE_MS = 2_000;
const LOOK_EVERY_MS = 500;
/** How many times slower than the quickest counts as slow: on a slow network or machine, every queue is slow. */
const SLOWER_THAN_OTHERS = 4;
/** Above the limit, each new arrival triggers a check, but no more often than this. */
const LOOK_AGAIN_MS = 100;

export interface LoadShedder {
  /** A fresh notification starts to wait. */
  enqueued(): void;
  /** One has stopped waiting, for whatever reason. */
  dequeued(): void;
}

/**
 * Sheds fresh notifications from the queues of slow endpoints: those that have waited for two seconds and the newest
 * half of the rest, or, when more than `freshLimit` wait in total, the newest half of the longest queues. Such a queue
 * is overloaded. Whatever waits takes a place among the unacknowledged changes, which all endpoints share, so slow
 * endpoints must not fill it, no matter how many there are or what keeps them waiting. An endpoint that has never
 * answered is presumed slow once its fresh notifications have found no slot for that long, unless this process itself
 * is the slow one.
 */
export function createLoadShedder(options: {
  readonly queues: ReadonlyMap<string, EndpointQueue>;
  readonly freshLimit: number;
  readonly paces: Paces;
}): LoadShedder {
  const { queues, freshLimit, paces } = options;
  let waiting = 0;
  let timer: NodeJS.Timeout | null = null;
  let lookedAt = 0;

  const look = (): void => {
    const now = performance.now();
    lookedAt = now;
    const withFresh = [...queues.values()].filter(({ lines }) => lines.fresh.size > 0);
    const least = leastSlowness(queues.values(), paces, now);
    const isSlow = (queue: EndpointQueue): boolean => slownessOf(queue, now) >= least;
    const isLate = ({ since }: { since: number }): boolean => now - since >= FRESH_PATIENCE_MS;
    const isBusy = paces.isBusy();
    for (const queue of withFresh) {
      const isPresumedSlow = queue.answersAfterMs === null && !isBusy;
      if (isSlow(queue) || isPresumedSlow) shedLate(queue, isLate);
    }
    if (waiting <= freshLimit) return;
    const longestFirst = withFresh
      .filter(isSlow)
      .toSorted((one, other) => other.lines.fresh.size - one.lines.fresh.size);
    for (const queue of longestFirst) {
      if (waiting <= freshLimit) break;
      shedHalf(queue);
    }
  };

  return {
    enqueued() {
      waiting += 1;
      timer ??= setInterval(look, LOOK_EVERY_MS);
      if (waiting > freshLimit && performance.now() - lookedAt >= LOOK_AGAIN_MS) look();
    },
    dequeued() {
      waiting -= 1;
      if (waiting > 0 || timer === null) return;
      clearInterval(timer);
      timer = null;
    },
  };
}

/** How slow a queue has to be to count as slow. A call that has only just begun says nothing about it. */
function leastSlowness(queues: Iterable<EndpointQueue>, paces: Paces, now: number): number {
  let known = 0;
  let quickest = Infinity;
  for (const queue of queues) {
    if (queue.inFlight === 0 || paces.of(queue, now) === 'unknown') continue;
    known += 1;
    quickest = Math.min(quickest, slownessOf(queue, now));
  }
  const slowFrom = paces.slowFromMs();
  if (known <= 1) return slowFrom;
  return Math.min(Math.max(slowFrom, SLOWER_THAN_OTHERS * quickest), SLOW_IN_ANY_CASE_MS);
}

function shedLate(queue: EndpointQueue, isLate: (waiter: Waiter) => boolean): void {
  const { fresh } = queue.lines;
  let hasLate = false;
  for (const waiter of fresh) {
    if (!isLate(waiter)) break;
    hasLate = true;
    waiter.shed();
  }
  if (hasLate) shedHalf(queue);
}

function shedHalf(queue: EndpointQueue): void {
  const { fresh } = queue.lines;
  queue.isOverloaded = true;
  for (const waiter of [...fresh].slice(Math.floor(fresh.size / 2))) waiter.shed();
}
