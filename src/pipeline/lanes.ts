import { createBreaker, type BreakerSettings } from '../domain/breaker.ts';
import { onAbort } from '../runtime/abort.ts';
import {
  noteAnswer,
  paceOf,
  sendAllAway,
  takeNext,
  waitingIn,
  type Lane,
  type Slot,
  type Waiter,
  type Waiting,
} from './lane.ts';
import { createNewsWatch } from './newsWatch.ts';
import { createReadyLanes } from './readyLanes.ts';

export type { Slot } from './lane.ts';

/** It is to wait in durable state: here it would keep others waiting, or its endpoint is not to be called. */
export class NoRoom extends Error {
  override readonly name = 'NoRoom';
  constructor() {
    super('the lane has no room');
  }
}

/**
 * Bounded concurrency, per endpoint and in all. Each endpoint has a lane; a free slot goes to the lane with work
 * and room that has the fewest calls in flight, and some are kept for those that have none (`readyLanes.ts`), so
 * that busy or slow endpoints can't take them all, however many they are. In a lane, news and rows are
 * served in turn, each in the order they came.
 *
 * A lane whose endpoint is slow is overfull when its news have waited for two seconds or fill too much of the
 * window (when it is this process that is slow, a detour through durable state would only cost more): those, and the
 * newest half, are sent away, and so is what comes after, until durable state has nothing due for it any more. So
 * slow endpoints take neither the window nor the checkpoint of everybody. The
 * same when its breaker opens, for all that wait; the row that has been due longest is the probe then.
 */
export interface Lanes {
  /** Rejects with the signal's reason when that is aborted before there is a slot, or with `NoRoom`. */
  take(endpointKey: string, waiting: Waiting, signal: AbortSignal): Promise<Slot>;
  /** An attempt has ended: what its endpoint's breaker goes by. */
  ended(endpointKey: string, isDelivered: boolean): void;
  /** It will not be called any more, so that nothing has to wait until it may be. */
  endpointDisabled(endpointKey: string): void;
  /** To be called now and then: overfull lanes that are not among these take news again. */
  dueAre(endpointKeys: ReadonlySet<string>): void;
  /** As last told. */
  readonly due: ReadonlySet<string>;
  /** Of those due, the endpoints whose breaker is open. */
  readonly blocked: readonly string[];
  /** Slots not taken. */
  readonly free: number;
  readonly maxInFlight: number;
  readonly maxInFlightPerEndpoint: number;
}

const AGAIN_PATIENCE_MS = 1_000;
export function createLanes(options: {
  readonly maxInFlight: number;
  readonly maxInFlightPerEndpoint: number;
  /** How many news may wait in all before the slowest of endpoints gives way. */
  readonly newsLimit: number;
  readonly breaker: BreakerSettings;
  onInFlight?(count: number): void;
  onBreakersOpen?(count: number): void;
}): Lanes {
  const { maxInFlight, maxInFlightPerEndpoint, onInFlight, onBreakersOpen } = options;
  const lanes = new Map<string, Lane>();
  const ready = createReadyLanes(maxInFlight);
  let inFlight = 0;
  let due: ReadonlySet<string> = new Set();

  const mayRun = ({ breaker }: Lane): number =>
    Math.min(maxInFlightPerEndpoint, breaker.limit(performance.now()));
  const refresh = (lane: Lane): void => {
    const canStart = waitingIn(lane) > 0 && lane.inFlight < mayRun(lane);
    if (canStart) ready.add(lane, performance.now());
    else ready.delete(lane);
  };

  /** Slots of calls whose endpoints were quick when they began. */
  let quick = 0;
  const occupy = (lane: Lane): Slot => {
    const call = { since: performance.now() };
    const isQuick = paceOf(lane, call.since) === 'quick';
    lane.unanswered.add(call);
    lane.inFlight += 1;
    inFlight += 1;
    if (isQuick) ready.quickUse((quick += 1), call.since);
    let isHeld = true;
    return {
      answered() {
        if (lane.unanswered.delete(call)) noteAnswer(lane, performance.now() - call.since);
      },
      release() {
        if (!isHeld) return;
        isHeld = false;
        lane.unanswered.delete(call);
        lane.inFlight -= 1;
        inFlight -= 1;
        if (isQuick) quick -= 1;
        refresh(lane);
        handOut();
      },
    };
  };

  const handOut = (): void => {
    const now = performance.now();
    for (;;) {
      const lane = ready.next(maxInFlight - inFlight, now);
      if (lane === undefined) break;
      ready.delete(lane);
      const start = takeNext(lane);
      if (start === undefined) continue;
      const slot = occupy(lane);
      refresh(lane);
      start(slot);
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
      lines,
      inFlight: 0,
      next: 'news',
      isOverfull: false,
      answersAfterMs: null,
      unanswered: new Set(),
    };
    lanes.set(endpointKey, lane);
    return lane;
  };

  const countOpen = (): void =>
    onBreakersOpen?.([...lanes.values()].filter(({ breaker }) => breaker.isOpen).length);
  const isForgettable = (lane: Lane): boolean =>
    lane.inFlight === 0 &&
    waitingIn(lane) === 0 &&
    !lane.isOverfull &&
    lane.breaker.isFresh(performance.now());

  const newsWatch = createNewsWatch({ lanes, newsLimit: options.newsLimit });

  return {
    async take(endpointKey, waiting, signal) {
      signal.throwIfAborted();
      const lane = laneOf(endpointKey);
      // The probe of an open breaker is a row.
      const isProbe = waiting === 'row' && mayRun(lane) > 0;
      if (lane.breaker.isOpen && !isProbe) throw new NoRoom();
      if (waiting === 'news' && lane.isOverfull) throw new NoRoom();
      const isFree = waitingIn(lane) === 0 && lane.inFlight < mayRun(lane);
      if (isFree && ready.mayTake(lane, maxInFlight - inFlight, performance.now())) {
        const slot = occupy(lane);
        onInFlight?.(inFlight);
        return slot;
      }
      const line = lane.lines[waiting];
      return await new Promise<Slot>((resolve, reject) => {
        let timer: NodeJS.Timeout | undefined;
        const leave = (): void => {
          clearTimeout(timer);
          forgetStop();
          line.delete(waiter);
          if (waiting === 'news') newsWatch.left();
        };
        const fail = (reason: Error): void => {
          leave();
          refresh(lane);
          reject(reason);
        };
        const waiter: Waiter = {
          since: performance.now(),
          start(slot) {
            leave();
            resolve(slot);
          },
          sendAway: () => fail(new NoRoom()),
        };
        const forgetStop = onAbort(signal, fail);
        line.add(waiter);
        if (waiting === 'again') timer = setTimeout(waiter.sendAway, AGAIN_PATIENCE_MS);
        if (waiting === 'news') newsWatch.came();
        refresh(lane);
        handOut();
      });
    },
    ended(endpointKey, isDelivered) {
      const lane = laneOf(endpointKey);
      const wasOpen = lane.breaker.isOpen;
      lane.breaker.ended(isDelivered, performance.now());
      if (lane.breaker.isOpen === wasOpen) return;
      if (!wasOpen) sendAllAway(lane);
      countOpen();
    },
    endpointDisabled(endpointKey) {
      const lane = laneOf(endpointKey);
      lane.breaker = createBreaker(options.breaker, maxInFlightPerEndpoint);
      refresh(lane);
      countOpen();
      handOut();
    },
    dueAre(endpointKeys) {
      due = endpointKeys;
      for (const [endpointKey, lane] of lanes) {
        lane.isOverfull &&= endpointKeys.has(endpointKey);
        // A cooldown may be over.
        refresh(lane);
        if (isForgettable(lane)) lanes.delete(endpointKey);
      }
      countOpen();
      handOut();
    },
    get due() {
      return due;
    },
    get blocked() {
      return [...due].filter((endpointKey) => lanes.get(endpointKey)?.breaker.isOpen === true);
    },
    get free() {
      return maxInFlight - inFlight;
    },
    maxInFlight,
    maxInFlightPerEndpoint,
  };
}
