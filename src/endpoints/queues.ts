import type { Failure } from '../domain/attempt.ts';
import {
  createBreaker,
  type BreakerEnd,
  type BreakerSettings,
  type BreakerWatcher,
  type Openness,
} from './breaker.ts';
import { onAbort } from '../runtime/abort.ts';
import type { Called } from '../ports/endpoints.ts';
import {
  createQueue,
  nameOf,
  shedAll,
  shedsFresh,
  takeNext,
  waitingIn,
  type EndpointQueue,
  type Slot,
  type Waiter,
  type Waiting,
} from './queue.ts';
import { createLoadShedder } from './overload.ts';
import { createPaces } from './paces.ts';
import { createReadyQueues } from './readyQueues.ts';

/**
 * Bounded concurrency: of calls per endpoint, and in total of calls and of outcomes that are not remembered yet. Each
 * endpoint has a queue. A free slot goes to the queue with work and room that has the fewest calls in flight, and some
 * slots are kept for endpoints with none (`readyQueues.ts`), so that busy or slow endpoints can't take them all, no
 * matter how many there are. Within a queue, fresh notifications and scheduled retries take turns, each in order of
 * arrival.
 *
 * The queue of a slow endpoint is overloaded once its fresh notifications have waited for two seconds or take too large
 * a share of the unacknowledged changes. (When this process itself is the slow one, a detour through durable state
 * would only add to its work.) Those, and the newest half, are shed, and so is whatever arrives until durable state has
 * nothing due for the endpoint any more. So slow endpoints hold up neither the reading nor the checkpoint. The same
 * happens when its breaker opens, to all that wait; the longest-due retry is the probe then.
 */
export interface EndpointQueues {
  /**
   * `shed`: it has to wait in the database, since it would hold up others here or its endpoint may not be called.
   * `stopped`: the signal was aborted before there was a slot.
   */
  take(endpointKey: string, as: Waiting, stopping: AbortSignal): Promise<Slot | 'shed' | 'stopped'>;
  /** Whether a fresh notification would be shed now: its endpoint may not be called, or is overloaded. */
  sheds(endpointKey: string): boolean;
  /** An attempt has ended, with a delivery when `failure` is null; the endpoint's breaker goes by it. */
  ended(called: Called, failure: Failure | null): void;
  /** The endpoint will not be called any more, so nothing has to wait for its breaker. */
  endpointDisabled(endpointKey: string): void;
  /** To be called regularly: overloaded queues not among these accept fresh notifications again. */
  setDue(endpointKeys: ReadonlySet<string>): void;
  /** As last set. */
  readonly due: ReadonlySet<string>;
  /** Of those due, the endpoints whose breaker is open. */
  readonly blocked: readonly string[];
  /** Free slots. */
  readonly free: number;
  /** Calls whose endpoints have not answered yet. */
  readonly unanswered: number;
  /** Whether anything waits while at least half of the slots are taken: it may wait for those of answered calls. */
  readonly isAwaited: boolean;
  readonly maxInFlight: number;
  readonly maxInFlightPerEndpoint: number;
  /** Changes `maxInFlightPerEndpoint`. Where more calls run than that, none begins until fewer do. */
  limitPerEndpoint(calls: number): void;
}

/** A quick retry that waits longer for a slot is shed. */
const QUICK_RETRY_PATIENCE_MS = 1_000;

export function createEndpointQueues(options: {
  readonly maxInFlight: number;
  readonly maxInFlightPerEndpoint: number;
  /** How many fresh ones may wait in all before the slowest endpoints give way. */
  readonly freshLimit: number;
  readonly breaker: BreakerSettings;
  /** Whether this process is CPU-bound, so that the duration of calls says little about their endpoints. */
  isBusy(): boolean;
  onInFlight?(count: number): void;
  onBreakersOpen?(count: number): void;
  readonly breakerWatcher?: BreakerWatcher;
}): EndpointQueues {
  const { maxInFlight, onInFlight, onBreakersOpen, breakerWatcher } = options;
  let { maxInFlightPerEndpoint } = options;
  const queues = new Map<string, EndpointQueue>();
  const paces = createPaces(options.isBusy);
  const ready = createReadyQueues(maxInFlight, paces);
  let inFlight = 0;
  let unanswered = 0;
  let waiting = 0;
  let due: ReadonlySet<string> = new Set();

  const mayRun = ({ breaker }: EndpointQueue, nowMs: number): number =>
    Math.min(maxInFlightPerEndpoint, breaker.limit(nowMs));
  const refresh = (queue: EndpointQueue, nowMs: number): void => {
    const canStart = waitingIn(queue) > 0 && queue.unanswered.size < mayRun(queue, nowMs);
    if (canStart) ready.add(queue, nowMs);
    else ready.delete(queue);
  };

  /** Slots of calls whose endpoints were quick when they began. */
  let quick = 0;
  const occupy = (queue: EndpointQueue, nowMs: number): Slot => {
    const call = { since: nowMs };
    const isQuick = paces.of(queue, call.since) === 'quick';
    queue.unanswered.add(call);
    unanswered += 1;
    queue.inFlight += 1;
    inFlight += 1;
    if (isQuick) ready.quickUse((quick += 1), call.since);
    let isHeld = true;
    /** False if it has ended before. */
    const endCall = (): boolean => {
      if (!queue.unanswered.delete(call)) return false;
      unanswered -= 1;
      return true;
    };
    return {
      answered() {
        if (!endCall()) return;
        const now = performance.now();
        paces.noteAnswer(queue, now - call.since);
        refresh(queue, now);
        handOut(now);
      },
      release() {
        if (!isHeld) return;
        isHeld = false;
        endCall();
        queue.inFlight -= 1;
        inFlight -= 1;
        if (isQuick) quick -= 1;
        const now = performance.now();
        refresh(queue, now);
        handOut(now);
      },
    };
  };

  const handOut = (nowMs: number): void => {
    for (;;) {
      const queue = ready.next(maxInFlight - inFlight, nowMs);
      if (queue === undefined) break;
      ready.delete(queue);
      const start = takeNext(queue);
      if (start === undefined) continue;
      const slot = occupy(queue, nowMs);
      refresh(queue, nowMs);
      start(slot);
    }
    onInFlight?.(inFlight);
  };

  const queueOf = (endpointKey: string): EndpointQueue => {
    const known = queues.get(endpointKey);
    if (known !== undefined) return known;
    const breaker = createBreaker(options.breaker, () => maxInFlightPerEndpoint);
    const queue = createQueue(breaker);
    queues.set(endpointKey, queue);
    return queue;
  };

  const countOpen = (): void =>
    onBreakersOpen?.([...queues.values()].filter(({ breaker }) => breaker.isOpen).length);
  const tellClosed = (
    { called }: EndpointQueue,
    openness: Openness | null,
    why: BreakerEnd,
  ): void => {
    if (called !== null && openness !== null) breakerWatcher?.closed(called, openness, why);
  };
  const isForgettable = (queue: EndpointQueue): boolean =>
    queue.inFlight === 0 &&
    waitingIn(queue) === 0 &&
    !queue.isOverloaded &&
    queue.breaker.isFresh(performance.now());

  const shedder = createLoadShedder({ queues, freshLimit: options.freshLimit, paces });

  return {
    async take(endpointKey, as, stopping) {
      if (stopping.aborted) return 'stopped';
      const queue = queueOf(endpointKey);
      const now = performance.now();
      // The probe of an open breaker is a scheduled one.
      const isProbe = as === 'scheduled' && mayRun(queue, now) > 0;
      if (as === 'fresh' ? shedsFresh(queue) : queue.breaker.isOpen && !isProbe) return 'shed';
      const isFree = waitingIn(queue) === 0 && queue.unanswered.size < mayRun(queue, now);
      if (isFree && ready.mayTake(queue, maxInFlight - inFlight, now)) {
        const slot = occupy(queue, now);
        onInFlight?.(inFlight);
        return slot;
      }
      const line = queue.lines[as];
      return await new Promise<Slot | 'shed' | 'stopped'>((resolve) => {
        let timer: NodeJS.Timeout | undefined;
        const leave = (): void => {
          clearTimeout(timer);
          forgetStop();
          line.delete(waiter);
          waiting -= 1;
          if (as === 'fresh') shedder.dequeued();
        };
        const giveUp = (why: 'shed' | 'stopped'): void => {
          leave();
          refresh(queue, performance.now());
          resolve(why);
        };
        const waiter: Waiter = {
          since: now,
          start(slot) {
            leave();
            resolve(slot);
          },
          shed: () => giveUp('shed'),
        };
        const forgetStop = onAbort(stopping, () => giveUp('stopped'));
        line.add(waiter);
        waiting += 1;
        if (as === 'quickRetry') timer = setTimeout(waiter.shed, QUICK_RETRY_PATIENCE_MS);
        if (as === 'fresh') shedder.enqueued();
        refresh(queue, now);
        handOut(now);
      });
    },
    sheds(endpointKey) {
      const queue = queues.get(endpointKey);
      return queue !== undefined && shedsFresh(queue);
    },
    ended(called, failure) {
      const queue = queueOf(called.webhook.endpointKey);
      const { breaker } = queue;
      const before = breaker.openness;
      const turn = breaker.ended(failure, performance.now());
      if (turn === null) return;
      queue.called = nameOf(called);
      if (turn === 'opened') shedAll(queue);
      if (turn === 'closed') tellClosed(queue, before, 'delivered');
      else if (breaker.openness !== null) {
        breakerWatcher?.open(queue.called, breaker.openness, turn);
      }
      if (turn !== 'probeFailed') countOpen();
    },
    endpointDisabled(endpointKey) {
      const queue = queueOf(endpointKey);
      tellClosed(queue, queue.breaker.openness, 'endpoint_disabled');
      queue.breaker = createBreaker(options.breaker, () => maxInFlightPerEndpoint);
      const now = performance.now();
      refresh(queue, now);
      countOpen();
      handOut(now);
    },
    setDue(endpointKeys) {
      due = endpointKeys;
      const now = performance.now();
      for (const [endpointKey, queue] of queues) {
        queue.isOverloaded &&= endpointKeys.has(endpointKey);
        // A cooldown may be over.
        refresh(queue, now);
        if (!isForgettable(queue)) continue;
        tellClosed(queue, queue.breaker.openness, 'nothing_due');
        queues.delete(endpointKey);
      }
      countOpen();
      handOut(now);
    },
    get due() {
      return due;
    },
    get blocked() {
      return [...due].filter((endpointKey) => queues.get(endpointKey)?.breaker.isOpen === true);
    },
    get free() {
      return maxInFlight - inFlight;
    },
    get unanswered() {
      return unanswered;
    },
    get isAwaited() {
      return waiting > 0 && inFlight >= Math.floor(maxInFlight / 2);
    },
    maxInFlight,
    get maxInFlightPerEndpoint() {
      return maxInFlightPerEndpoint;
    },
    limitPerEndpoint(calls) {
      if (calls === maxInFlightPerEndpoint) return;
      maxInFlightPerEndpoint = calls;
      const now = performance.now();
      for (const queue of queues.values()) refresh(queue, now);
      handOut(now);
    },
  };
}
