import type { ServerClock } from '../ports/notify.ts';

/** How far the two clocks may drift apart meanwhile: more than any that is not being set. */
const DRIFT = 1e-3;

/** What is known: the server's time less our steady one, and by how much that may be wrong. */
interface Reading {
  readonly offsetMs: number;
  readonly marginMs: number;
  readonly readAtMs: number;
}

export interface WatchedServerClock extends ServerClock {
  /** The server's time came with the answer to a question that was asked then, by `performance.now()`. */
  learn(serverTime: Date, askedAtMs: number): void;
}

/**
 * The server's clock between two looks at it, by this process' steady clock, which can't be set. Before the first look
 * it is this machine's wall clock.
 *
 * An answer that took long says little, since the time in it may be of any moment of that: it counts only when it
 * contradicts what is known, as it does after a fail-over to a server whose clock is another one.
 */
export function createServerClock(): WatchedServerClock {
  let known: Reading | null = null;
  return {
    now: () => (known === null ? Date.now() : performance.now() + known.offsetMs),
    learn(serverTime, askedAtMs) {
      const readAtMs = performance.now();
      const marginMs = (readAtMs - askedAtMs) / 2;
      const offsetMs = serverTime.getTime() - (readAtMs + askedAtMs) / 2;
      if (known !== null) {
        const knownMarginMs = known.marginMs + DRIFT * (readAtMs - known.readAtMs);
        const isBetter = marginMs <= knownMarginMs;
        const contradicts = Math.abs(offsetMs - known.offsetMs) > marginMs + knownMarginMs;
        if (!isBetter && !contradicts) return;
      }
      known = { offsetMs, marginMs, readAtMs };
    },
  };
}
