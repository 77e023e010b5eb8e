import { isSlow, type Lane } from './lane.ts';

/** How long news may wait in a slow lane. */
const NEWS_PATIENCE_MS = 5_000;
const LOOK_EVERY_MS = 1_000;
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

  const holdsUp = (lane: Lane): boolean =>
    lane.lines.news.size > 0 && isSlow(lane) && usesAllItMay(lane);
  const look = (): void => {
    const now = performance.now();
    lookedAt = now;
    const slow = [...lanes.values()].filter(holdsUp);
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

function sendHalfAway(lane: Lane): void {
  const { news } = lane.lines;
  lane.isOverfull = true;
  for (const waiter of [...news].slice(Math.floor(news.size / 2))) waiter.sendAway();
}
