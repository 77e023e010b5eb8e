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
  /** An attempt has ended. */
  ended(isDelivered: boolean, nowMs: number): void;
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
  maxCalls: number,
): Breaker {
  let state: 'closed' | 'open' | 'probing' | 'recovering' = 'closed';
  let openUntilMs = 0;
  let allowed = 1;
  const window = createWindow();

  const isOpen = (): boolean => state === 'open' || state === 'probing';
  const open = (nowMs: number): void => {
    state = 'open';
    openUntilMs = nowMs + cooldownMs;
  };
  const recover = (): void => {
    state = 'recovering';
    allowed = 1;
    window.clear();
  };

  return {
    limit(nowMs) {
      if (state === 'open' && nowMs >= openUntilMs) state = 'probing';
      if (state === 'closed') return Infinity;
      if (state === 'open') return 0;
      return state === 'probing' ? 1 : allowed;
    },
    get isOpen() {
      return isOpen();
    },
    ended(isDelivered, nowMs) {
      if (state === 'probing') {
        if (isDelivered) recover();
        else open(nowMs);
      }
      if (state === 'open') return;
      window.add(isDelivered, nowMs);
      if (isDelivered) allowed += 1;
      if (state === 'recovering' && allowed >= maxCalls) state = 'closed';
      // While none has failed there is nothing to sum up: the common case.
      if (isDelivered && !window.hasFailures()) return;
      const { attempts, failures } = window.sum(nowMs);
      if (attempts >= LEAST_ATTEMPTS && failures / attempts >= threshold) open(nowMs);
    },
    isFresh(nowMs) {
      const isOver = !isOpen() || nowMs >= openUntilMs + FORGOTTEN_MS;
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
