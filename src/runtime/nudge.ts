import { delay, onAbort } from './abort.ts';

/** Lets a loop that mostly finds nothing to do ask seldom: whoever makes work for it gives a nudge. */
export interface Nudge {
  give(): void;
  /**
   * Rests for the longer time, or only for the shorter one when a nudge is given meanwhile or was since the
   * last rest. Rejects with the signal's reason as soon as it is aborted.
   */
  rest(
    ms: { readonly atLeastMs: number; readonly atMostMs: number },
    signal: AbortSignal,
  ): Promise<void>;
}

export function createNudge(): Nudge {
  let isGiven = false;
  let cutShort = (): void => undefined;
  return {
    give() {
      isGiven = true;
      cutShort();
    },
    async rest({ atLeastMs, atMostMs }, signal) {
      await delay(atLeastMs, signal);
      if (!isGiven) {
        // Not `AbortSignal.any`: what depends on a signal that lives long is never forgotten (Node 20).
        const cut = new AbortController();
        cutShort = () => cut.abort();
        const forget = onAbort(signal, cutShort);
        await delay(atMostMs - atLeastMs, cut.signal).catch(() => undefined);
        forget();
        signal.throwIfAborted();
      }
      isGiven = false;
    },
  };
}
