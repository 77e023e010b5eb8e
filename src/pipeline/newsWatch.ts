import { paceOf, SLOW_MS, slownessOf, type Lane, type Waiter } from './lane.ts';

/**
 * How long news may wait in a slow lane. With the look, the write into durable state and the next save the checkpoint
 * stays less than five seconds behind.
 */
const NEWS_PATIENCE_MS = 2_000;
const LOOK_EVERY_MS = 500;
/** So many times as slow as the quickest: when this process or the database is slow, all lanes are. */
const SLOWER_THAN_OTHERS = 4;
/** Nothing but an endpoint takes so long. */
const SLOW_IN_ANY_CASE_MS = 3_000;
/** While there are too many, each that comes is a reason to look; but not more often than this. */
const LOOK_AGAIN_MS = 100;

export interface NewsWatch {
  /** To be told of all news that begin to wait. */
  came(): void;
  /** To be told of all that do not wait any more. */
  left(): void;
}

/**
 * Sends news away from lanes whose endpoint is slow: those that have waited for two seconds and the newest half of
 * the others, or, when more than `newsLimit` wait in all, the newest half of the longest lines. Such a lane
 * is overfull. What waits is held in the window that everybody shares, so slow endpoints may not fill it, however
 * many they are and whatever keeps them waiting. An endpoint that has never answered is taken for slow when
 * there is no slot for its news for so long.
 */
export function createNewsWatch(options: {
  readonly lanes: ReadonlyMap<string, Lane>;
  readonly newsLimit: number;
}): NewsWatch {
  const { lanes, newsLimit } = options;
  let waiting = 0;
  let timer: NodeJS.Timeout | null = null;
  let lookedAt = 0;

  const look = (): void => {
    const now = performance.now();
    lookedAt = now;
    const withNews = [...lanes.values()].filter(({ lines }) => lines.news.size > 0);
    const least = leastSlowness(lanes.values(), now);
    const isSlow = (lane: Lane): boolean => slownessOf(lane, now) >= least;
    const isLate = ({ since }: { since: number }): boolean => now - since >= NEWS_PATIENCE_MS;
    for (const lane of withNews) {
      if (isSlow(lane) || lane.answersAfterMs === null) sendLateAway(lane, isLate);
    }
    if (waiting <= newsLimit) return;
    const longestFirst = withNews
      .filter(isSlow)
      .toSorted((one, other) => other.lines.news.size - one.lines.news.size);
    for (const lane of longestFirst) {
      if (waiting <= newsLimit) break;
      sendHalfAway(lane);
    }
  };

  return {
    came() {
      waiting += 1;
      timer ??= setInterval(look, LOOK_EVERY_MS);
      if (waiting > newsLimit && performance.now() - lookedAt >= LOOK_AGAIN_MS) look();
    },
    left() {
      waiting -= 1;
      if (waiting > 0 || timer === null) return;
      clearInterval(timer);
      timer = null;
    },
  };
}

/** From when on a lane among these is a slow one. A call that has only just begun says nothing of that. */
function leastSlowness(lanes: Iterable<Lane>, now: number): number {
  let known = 0;
  let quickest = Infinity;
  for (const lane of lanes) {
    if (lane.inFlight === 0 || paceOf(lane, now) === 'unknown') continue;
    known += 1;
    quickest = Math.min(quickest, slownessOf(lane, now));
  }
  if (known <= 1) return SLOW_MS;
  return Math.min(Math.max(SLOW_MS, SLOWER_THAN_OTHERS * quickest), SLOW_IN_ANY_CASE_MS);
}

function sendLateAway(lane: Lane, isLate: (waiter: Waiter) => boolean): void {
  const { news } = lane.lines;
  let hasLate = false;
  for (const waiter of news) {
    if (!isLate(waiter)) break;
    hasLate = true;
    waiter.sendAway();
  }
  if (hasLate) sendHalfAway(lane);
}

function sendHalfAway(lane: Lane): void {
  const { news } = lane.lines;
  lane.isOverfull = true;
  for (const waiter of [...news].slice(Math.floor(news.size / 2))) waiter.sendAway();
}
