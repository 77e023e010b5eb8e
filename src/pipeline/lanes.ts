import { createBreaker, type Breaker, type BreakerSettings } from '../domain/breaker.ts';
import { abortReason } from '../runtime/abort.ts';

/** How a notification waits for a slot. */
export type Waiting =
  /** From the stream, at the end of its line; sent away when the lane has no room for it. */
  | 'news'
  /** For a quick retry, before everybody else; sent away when that takes longer than a second. */
  | 'again'
  /** For a row of durable state, at the end of a line of its own, for as long as it takes. */
  | 'row';

/** The right to make one call; to be released, once or more often. */
export interface Slot {
  release(): void;
}

/** It is to wait in durable state: here it would keep others waiting, or its endpoint is not to be called. */
export class NoRoom extends Error {
  override readonly name = 'NoRoom';
  constructor() {
    super('the lane has no room');
  }
}

/**
 * Bounded concurrency, per endpoint and in all. Each endpoint has a lane; free slots go round the lanes
 * that have work and room, so that a busy endpoint can't take them all. In a lane, news and rows are
 * served in turn, each in the order they came.
 *
 * A lane whose news have waited for five seconds although it uses all it may is overfull: its newest half
 * is sent away, and so is what comes after, until durable state has nothing due for it any more. So a slow
 * endpoint takes neither the window nor the checkpoint of everybody. The same when its breaker opens, for all
 * that wait; the row that has been due longest is the probe then.
 */
export interface Lanes {
  /** Rejects with the signal's reason when that is aborted before there is a slot, or with `NoRoom`. */
  take(endpointKey: string, waiting: Waiting, signal: AbortSignal): Promise<Slot>;
  /** An attempt has ended: what its endpoint's breaker goes by. */
  ended(endpointKey: string, isDelivered: boolean): void;
  /** To be called now and then: overfull lanes that are not among these take news again. */
  dueAre(endpointKeys: ReadonlySet<string>): void;
  /** Of these, the endpoints whose breaker is open. */
  openOf(endpointKeys: readonly string[]): readonly string[];
  /** Slots not taken. */
  readonly free: number;
  readonly maxInFlight: number;
  readonly maxInFlightPerEndpoint: number;
}

interface Waiter {
  readonly since: number;
  start(): void;
  sendAway(): void;
}

interface Lane {
  readonly breaker: Breaker;
  inFlight: number;
  readonly lines: Readonly<Record<Waiting, Set<Waiter>>>;
  /** Whose turn it is when news and rows both wait. */
  next: 'news' | 'row';
  isOverfull: boolean;
  timer: NodeJS.Timeout | null;
}

const NEWS_PATIENCE_MS = 5_000;
const AGAIN_PATIENCE_MS = 1_000;
/** Between two looks at a lane whose news have waited too long. */
const LOOK_AGAIN_MS = 1_000;

export function createLanes(options: {
  readonly maxInFlight: number;
  readonly maxInFlightPerEndpoint: number;
  readonly breaker: BreakerSettings;
  onInFlight?(count: number): void;
  onBreakersOpen?(count: number): void;
}): Lanes {
  const { maxInFlight, maxInFlightPerEndpoint, onInFlight, onBreakersOpen } = options;
  const lanes = new Map<string, Lane>();
  /** Lanes with work and room, in the order of their turns. */
  const ready = new Set<Lane>();
  let inFlight = 0;

  const mayRun = ({ breaker }: Lane): number =>
    Math.min(maxInFlightPerEndpoint, breaker.limit(performance.now()));
  const refresh = (lane: Lane): void => {
    const canStart = waitingIn(lane) > 0 && lane.inFlight < mayRun(lane);
    if (canStart) ready.add(lane);
    else ready.delete(lane);
  };

  const handOut = (): void => {
    for (let [lane] = ready; lane !== undefined && inFlight < maxInFlight; [lane] = ready) {
      ready.delete(lane);
      const start = takeNext(lane);
      if (start === undefined) continue;
      lane.inFlight += 1;
      inFlight += 1;
      refresh(lane);
      start();
    }
    onInFlight?.(inFlight);
  };

  const laneOf = (endpointKey: string): Lane => {
    const known = lanes.get(endpointKey);
    if (known !== undefined) return known;
    const lines = { news: new Set<Waiter>(), again: new Set<Waiter>(), row: new Set<Waiter>() };
    const breaker = createBreaker(options.breaker, maxInFlightPerEndpoint);
    const lane: Lane = {
      breaker,
      inFlight: 0,
      lines,
      next: 'news',
      isOverfull: false,
      timer: null,
    };
    lanes.set(endpointKey, lane);
    return lane;
  };

  const isForgettable = (lane: Lane): boolean =>
    lane.inFlight === 0 &&
    waitingIn(lane) === 0 &&
    !lane.isOverfull &&
    lane.breaker.isFresh(performance.now());

  /** Its own bound, or more than its share of the bound they all have. */
  const usesAllItMay = (lane: Lane): boolean => {
    if (lane.inFlight >= mayRun(lane)) return true;
    const working = [...lanes.values()].filter((each) => each.inFlight > 0).length;
    return inFlight >= maxInFlight && lane.inFlight > maxInFlight / working;
  };

  const watchNews = (lane: Lane, afterMs: number): void => {
    lane.timer ??= setTimeout(() => {
      lane.timer = null;
      const { news } = lane.lines;
      const [oldest] = news;
      if (oldest === undefined) return;
      const leftMs = oldest.since + NEWS_PATIENCE_MS - performance.now();
      if (leftMs <= 0 && usesAllItMay(lane)) {
        lane.isOverfull = true;
        for (const waiter of [...news].slice(Math.floor(news.size / 2))) waiter.sendAway();
      }
      watchNews(lane, Math.max(leftMs, LOOK_AGAIN_MS));
    }, afterMs);
  };

  const stopWatching = (lane: Lane): void => {
    if (lane.timer !== null) clearTimeout(lane.timer);
    lane.timer = null;
  };

  const releaseOnce = (lane: Lane): Slot => {
    let isReleased = false;
    return {
      release() {
        if (isReleased) return;
        isReleased = true;
        lane.inFlight -= 1;
        inFlight -= 1;
        refresh(lane);
        handOut();
      },
    };
  };

  return {
    async take(endpointKey, waiting, signal) {
      signal.throwIfAborted();
      const lane = laneOf(endpointKey);
      if (mayRun(lane) === 0 || (waiting === 'news' && lane.isOverfull)) throw new NoRoom();
      const line = lane.lines[waiting];
      await new Promise<void>((resolve, reject) => {
        let timer: NodeJS.Timeout | undefined;
        const leave = (): void => {
          clearTimeout(timer);
          signal.removeEventListener('abort', stop);
          line.delete(waiter);
          if (lane.lines.news.size === 0) stopWatching(lane);
        };
        const fail = (reason: Error): void => {
          leave();
          refresh(lane);
          reject(reason);
        };
        const stop = (): void => fail(abortReason(signal));
        const waiter: Waiter = {
          since: performance.now(),
          start() {
            leave();
            resolve();
          },
          sendAway: () => fail(new NoRoom()),
        };
        signal.addEventListener('abort', stop, { once: true });
        line.add(waiter);
        refresh(lane);
        handOut();
        if (!line.has(waiter)) return;
        if (waiting === 'again') timer = setTimeout(waiter.sendAway, AGAIN_PATIENCE_MS);
        if (waiting === 'news') watchNews(lane, NEWS_PATIENCE_MS);
      });
      return releaseOnce(lane);
    },
    ended(endpointKey, isDelivered) {
      const lane = laneOf(endpointKey);
      const wasOpen = lane.breaker.isOpen;
      lane.breaker.ended(isDelivered, performance.now());
      if (lane.breaker.isOpen === wasOpen) return;
      if (!wasOpen) sendAllAway(lane);
      onBreakersOpen?.([...lanes.values()].filter(({ breaker }) => breaker.isOpen).length);
    },
    dueAre(endpointKeys) {
      for (const [endpointKey, lane] of lanes) {
        lane.isOverfull &&= endpointKeys.has(endpointKey);
        // A cooldown may be over.
        refresh(lane);
        if (isForgettable(lane)) lanes.delete(endpointKey);
      }
      handOut();
    },
    openOf: (endpointKeys) =>
      endpointKeys.filter((endpointKey) => lanes.get(endpointKey)?.breaker.isOpen === true),
    get free() {
      return maxInFlight - inFlight;
    },
    maxInFlight,
    maxInFlightPerEndpoint,
  };
}

/** Its endpoint is not to be called now; and later by the row that has been due longest. */
function sendAllAway(lane: Lane): void {
  lane.isOverfull = true;
  const { again, news, row } = lane.lines;
  for (const waiter of [...again, ...news, ...row]) waiter.sendAway();
}

function waitingIn({ lines }: Lane): number {
  return lines.again.size + lines.news.size + lines.row.size;
}

function takeNext(lane: Lane): Waiter['start'] | undefined {
  const { again, news, row } = lane.lines;
  if (again.size > 0) return first(again);
  const turn = lane.next === 'news' && news.size > 0 ? 'news' : 'row';
  if (news.size > 0 && row.size > 0) lane.next = turn === 'news' ? 'row' : 'news';
  return first(lane.lines[turn]) ?? first(news);
}

function first(line: ReadonlySet<Waiter>): Waiter['start'] | undefined {
  const [waiter] = line;
  return waiter?.start;
}
