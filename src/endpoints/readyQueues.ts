import type { EndpointQueue } from './queue.ts';
import type { Pace, Paces } from './paces.ts';

/** From so many slots on some are kept. */
const KEPT_FROM = 8;
/** The share that is kept for endpoints with no call in flight. */
const KEPT_SHARE = 1 / 16;
/** A slow queue holds a slot for so many times as long as a quick one; so often it is passed over for one. */
const PASSED_OVER = 100;

/** What quick endpoints have needed is half forgotten after that time. */
const FORGET_HALF_MS = 10_000;

/**
 * Queues with work and room, in the order in which they get what is free: first the one with the fewest calls in
 * flight, among equals the one that has waited longest, but slow ones after the others, up to a hundred in a row.
 * Some slots are kept for endpoints with no call in flight, and some of these for the ones that are known to give them
 * back soon: slow ones leave as many more as quick ones have needed at once lately, up to half of all. So no number
 * of slow endpoints, seen before or not, takes all. Quick ones are lent of what is kept as many as they leave.
 */
export interface ReadyQueues {
  /** Puts it where it belongs now. One that has its place keeps its turn. */
  add(queue: EndpointQueue, nowMs: number): void;
  delete(queue: EndpointQueue): void;
  /** The one whose turn it is; undefined when none may have any of what is free. */
  next(free: number, nowMs: number): EndpointQueue | undefined;
  /** So many calls run whose endpoints were quick when they began. */
  quickUse(calls: number, nowMs: number): void;
  /** Whether a queue may have one of those that are free. */
  mayTake(queue: EndpointQueue, free: number, nowMs: number): boolean;
}

interface Place {
  readonly pace: Pace;
  readonly inFlight: number;
  readonly since: number;
}

const fromQuickest = ['quick', 'unknown', 'slow'] as const satisfies readonly Pace[];

export function createReadyQueues(maxInFlight: number, paces: Paces): ReadyQueues {
  const kept = maxInFlight < KEPT_FROM ? 0 : Math.max(1, Math.floor(KEPT_SHARE * maxInFlight));
  const places = new Map<EndpointQueue, Place>();
  const shelves = { quick: createShelves(), unknown: createShelves(), slow: createShelves() };

  const quickPeak = createRecentPeak(FORGET_HALF_MS);

  /** How many it must leave. */
  const leaves = (pace: Pace, inFlight: number, nowMs: number): number => {
    if (pace === 'quick') return Math.min(inFlight, kept);
    if (pace === 'unknown') return inFlight === 0 ? Math.floor(kept / 4) : kept;
    if (kept === 0) return 0;
    const forQuick = quickPeak.at(nowMs) + (inFlight === 0 ? kept / 2 : kept);
    return Math.min(Math.floor(forQuick), Math.floor(maxInFlight / 2));
  };
  const remove = (queue: EndpointQueue): void => {
    const place = places.get(queue);
    if (place === undefined) return;
    places.delete(queue);
    shelves[place.pace].delete(queue, place.inFlight);
  };
  const add = (queue: EndpointQueue, nowMs: number): void => {
    const pace = paces.of(queue, nowMs);
    const { inFlight } = queue;
    const place = places.get(queue);
    if (place?.pace === pace && place.inFlight === inFlight) return;
    remove(queue);
    places.set(queue, { pace, inFlight, since: nowMs });
    shelves[pace].add(queue, inFlight);
  };
  /** The first of this pace. One that has become slow while it waited goes to where it belongs. */
  const firstOf = (pace: Pace, nowMs: number): EndpointQueue | undefined => {
    for (;;) {
      const queue = shelves[pace].first();
      if (queue === undefined || paces.of(queue, nowMs) === pace) return queue;
      add(queue, nowMs);
    }
  };
  const sinceOf = (queue: EndpointQueue): number => places.get(queue)?.since ?? Infinity;
  let passedOver = 0;
  /** The first two are of queues that are not known to be slow. */
  const choose = (
    one: EndpointQueue | undefined,
    other: EndpointQueue | undefined,
    slow: EndpointQueue | undefined,
  ) => {
    let next = one ?? other;
    if (one !== undefined && other !== undefined) {
      const isOther =
        other.inFlight < one.inFlight ||
        (other.inFlight === one.inFlight && sinceOf(other) < sinceOf(one));
      next = isOther ? other : one;
    }
    if (next === undefined || slow === undefined || slow.inFlight > next.inFlight) {
      return next ?? slow;
    }
    const isTurn = slow.inFlight < next.inFlight || passedOver >= PASSED_OVER;
    passedOver = isTurn ? 0 : passedOver + 1;
    return isTurn ? slow : next;
  };

  return {
    add,
    delete: remove,
    next(free, nowMs) {
      const [quick, unknown, slow] = fromQuickest.map((pace) => {
        const queue = firstOf(pace, nowMs);
        return queue !== undefined && leaves(pace, queue.inFlight, nowMs) < free
          ? queue
          : undefined;
      });
      return choose(quick, unknown, slow);
    },
    quickUse: quickPeak.add,
    mayTake(queue, free, nowMs) {
      return leaves(paces.of(queue, nowMs), queue.inFlight, nowMs) < free;
    },
  };
}

/** The highest value added lately; halves in each `halfMs`. */
function createRecentPeak(halfMs: number) {
  let peak = 0;
  let since = 0;
  const at = (nowMs: number): number => peak * 2 ** ((since - nowMs) / halfMs);
  return {
    at,
    add(value: number, nowMs: number): void {
      if (value < at(nowMs)) return;
      peak = value;
      since = nowMs;
    },
  };
}

/** Queues by their calls in flight, in the order they came. */
function createShelves() {
  const shelves: (Set<EndpointQueue> | undefined)[] = [];
  /** None is below this one. */
  let lowest = 0;
  return {
    add(queue: EndpointQueue, inFlight: number): void {
      const shelf = (shelves[inFlight] ??= new Set());
      shelf.add(queue);
      lowest = Math.min(lowest, inFlight);
    },
    delete(queue: EndpointQueue, inFlight: number): void {
      shelves[inFlight]?.delete(queue);
    },
    first(): EndpointQueue | undefined {
      for (; lowest < shelves.length; lowest += 1) {
        const shelf = shelves[lowest];
        if (shelf === undefined) continue;
        for (const queue of shelf) return queue;
      }
      return undefined;
    },
  };
}
