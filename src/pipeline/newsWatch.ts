import { slownessOf, type Lane } from './lane.ts';

/** How long news may wait in a slow lane. */
const NEWS_PATIENCE_MS = 5_000;
const LOOK_EVERY_MS = 1_000;
/** Slots that are held for longer may be held for the endpoint, and not for what is done around the call. */
const SLOW_MS = 500;
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
 * Sends news away from lanes whose endpoint is slow, the newest half of what waits in one, when they have
 * waited for five seconds, or when more than `newsLimit` wait in all: then from the longest line. Such a lane
 * is overfull. What waits is held in the window that everybody shares, so no slow endpoint may fill it.
 */
export function createNewsWatch(options: {
  readonly lanes: ReadonlyMap<string, Lane>;
  readonly newsLimit: number;
  usesAllItMay(lane: Lane): boolean;
}): NewsWatch {
  const { lanes, newsLimit, usesAllItMay } = options;
  let waiting = 0;
  let timer: NodeJS.Timeout | null = null;
  let lookedAt = 0;

  const look = (): void => {
    const now = performance.now();
    lookedAt = now;
    const working = [...lanes.values()].filter(({ inFlight }) => inFlight > 0);
    const least = leastSlowness(working, now);
    const slow = working.filter(
      (lane) => lane.lines.news.size > 0 && slownessOf(lane, now) >= least && usesAllItMay(lane),
    );
    const late = slow.filter(({ lines }) => {
      const [oldest] = lines.news;
      return oldest !== undefined && now - oldest.since >= NEWS_PATIENCE_MS;
    });
    for (const lane of late) sendHalfAway(lane);
    const [longest] = slow.toSorted((one, other) => other.lines.news.size - one.lines.news.size);
    if (waiting > newsLimit && longest !== undefined) sendHalfAway(longest);
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

/** From when on a lane among these is a slow one. */
function leastSlowness(working: readonly Lane[], now: number): number {
  const [quickest = 0, ...others] = working
    .map((lane) => slownessOf(lane, now))
    .toSorted((one, other) => one - other);
  if (others.length === 0) return SLOW_MS;
  return Math.min(Math.max(SLOW_MS, SLOWER_THAN_OTHERS * quickest), SLOW_IN_ANY_CASE_MS);
}

function sendHalfAway(lane: Lane): void {
  const { news } = lane.lines;
  lane.isOverfull = true;
  for (const waiter of [...news].slice(Math.floor(news.size / 2))) waiter.sendAway();
}
