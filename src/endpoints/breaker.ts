import type { Failure } from '../domain/attempt.ts';
import type { Called } from '../ports/endpoints.ts';

/** Why and since when an endpoint is not called; times are of the clock that the breaker is given. */
export interface Openness {
  readonly sinceMs: number;
  /** Attempts without a delivery: those in the minute in which it opened, and all since. */
  readonly failures: number;
  readonly last: Failure;
  /** From then on one call at a time is let through. */
  readonly probeFromMs: number;
}

/** What the end of an attempt has changed, for logs and operators. */
type BreakerTurn = 'opened' | 'probeFailed' | 'closed';

/**
 * Keeps calls away from an endpoint that fails. Four states:
 * - closed: no limit
 * - open: no calls, for the cooldown
 * - probing: one call at a time; one that is delivered ends it, one that is not opens it again
 * - recovering: one more call at once with each delivery, so that an endpoint that has just come back is not
 *   flooded; closed when that is as many as there may be
 * It opens when at least ten attempts ended within the last minute, and at least the threshold's share of
 * them was no delivery.
 */
export interface Breaker {
  /** How many calls may run at once; 0 while it is open. Times are milliseconds of any steady clock. */
  limit(nowMs: number): number;
  /** Open or probing. */
  readonly isOpen: boolean;
  /** Null unless it is open. */
  readonly openness: Openness | null;
  /** An attempt has ended, by a delivery when `failure` is null; null if the state did not change. */
  ended(failure: Failure | null, nowMs: number): BreakerTurn | null;
  /** Nothing has happened for so long that a new one would do as well. */
  isFresh(nowMs: number): boolean;
}

const LEAST_ATTEMPTS = 10;
const SECONDS = 60;
/** An open one that nobody has tried for so long after its cooldown is of an endpoint nothing leads to. */
const FORGOTTEN_MS = 60_000;

export interface BreakerSettings {
  /** The share of attempts without a delivery that opens it, up to 1. */
  readonly threshold: number;
  readonly cooldownMs: number;
}

export function createBreaker(
  { threshold, cooldownMs }: BreakerSettings,
  maxCalls: () => number,
): Breaker {
  let state: 'closed' | 'open' | 'probing' | 'recovering' = 'closed';
  let openness: Openness | null = null;
  let lastFailure: Failure = { statusCode: null, error: null };
  let openUntilMs = 0;
  let allowed = 1;
  const window = createWindow();

  const open = (failures: number, last: Failure, nowMs: number): void => {
    state = 'open';
    openUntilMs = nowMs + cooldownMs;
    const sinceMs = openness?.sinceMs ?? nowMs;
    openness = { sinceMs, failures, last, probeFromMs: openUntilMs };
  };
  const recover = (nowMs: number): void => {
    state = 'recovering';
    openness = null;
    allowed = 1;
    window.clear();
    delivered(nowMs);
  };
  const delivered = (nowMs: number): void => {
    window.add(true, nowMs);
    allowed += 1;
    if (state === 'recovering' && allowed >= maxCalls()) state = 'closed';
  };
  /** Whether they are so many, and so many more than deliveries, that it opens; how many. */
  const tooManyFailures = (nowMs: number): number | null => {
    const { attempts, failures } = window.sum(nowMs);
    return attempts >= LEAST_ATTEMPTS && failures / attempts >= threshold ? failures : null;
  };
  const endedWhileOpen = (
    { failures, ...rest }: Openness,
    last: Failure | null,
    nowMs: number,
  ): BreakerTurn | null => {
    if (state === 'probing') {
      if (last === null) recover(nowMs);
      else open(failures + 1, last, nowMs);
      return last === null ? 'closed' : 'probeFailed';
    }
    // Begun before it opened: that says nothing new.
    if (last !== null) openness = { ...rest, failures: failures + 1, last };
    return null;
  };

  return {
    limit(nowMs) {
      if (state === 'open' && nowMs >= openUntilMs) state = 'probing';
      if (state === 'closed') return Infinity;
      if (state === 'open') return 0;
      return state === 'probing' ? 1 : allowed;
    },
    get isOpen() {
      return openness !== null;
    },
    get openness() {
      return openness;
    },
    ended(failure, nowMs) {
      if (openness !== null) return endedWhileOpen(openness, failure, nowMs);
      if (failure === null) {
        delivered(nowMs);
      } else {
        lastFailure = failure;
        window.add(false, nowMs);
      }
      // While none has failed there is nothing to sum up: the common case.
      if (failure === null && !window.hasFailures()) return null;
      const failures = tooManyFailures(nowMs);
      if (failures === null) return null;
      open(failures, lastFailure, nowMs);
      return 'opened';
    },
    isFresh(nowMs) {
      const isOver = openness === null || nowMs >= openUntilMs + FORGOTTEN_MS;
      return isOver && window.sum(nowMs).attempts === 0;
    },
  };
}

/** Counts by second, over the last minute. */
function createWindow() {
  const attempts = new Uint32Array(SECONDS);
  const failures = new Uint32Array(SECONDS);
  let newest = -Infinity;

  let failed = 0;
  const clear = (): void => {
    attempts.fill(0);
    failures.fill(0);
    failed = 0;
  };
  const advance = (nowMs: number): number => {
    const second = Math.floor(nowMs / 1_000);
    if (second - newest >= SECONDS) clear();
    else {
      for (let passed = newest + 1; passed <= second; passed += 1) {
        failed -= failures[passed % SECONDS] ?? 0;
        attempts[passed % SECONDS] = 0;
        failures[passed % SECONDS] = 0;
      }
    }
    newest = Math.max(newest, second);
    return second % SECONDS;
  };
  const total = (counts: Uint32Array): number => counts.reduce((sum, count) => sum + count, 0);

  return {
    clear,
    add(isDelivered: boolean, nowMs: number): void {
      const slot = advance(nowMs);
      attempts[slot] = (attempts[slot] ?? 0) + 1;
      if (isDelivered) return;
      failures[slot] = (failures[slot] ?? 0) + 1;
      failed += 1;
    },
    hasFailures: (): boolean => failed > 0,
    sum(nowMs: number): { attempts: number; failures: number } {
      advance(nowMs);
      return { attempts: total(attempts), failures: total(failures) };
    },
  };
}

/**
 * Is told about every change of a breaker's state. Must neither wait nor throw: calls continue after it. Times are
 * `performance.now()`.
 */
export interface BreakerWatcher {
  /** It has opened, or its probe has failed, so that it stays open. */
  open(called: Called, openness: Openness, turn: 'opened' | 'probeFailed'): void;
  /** The previous `openness`. */
  closed(called: Called, openness: Openness, why: BreakerEnd): void;
}

export type BreakerEnd =
  | 'delivered'
  /** The endpoint was not called for a minute after the cooldown. */
  | 'nothing_due'
  | 'endpoint_disabled';
