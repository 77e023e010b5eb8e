import { onAbort, pause } from './abort.ts';

/** Lets a loop that mostly finds nothing to do look seldom: whoever makes work for it wakes it. */
export interface WakeUp {
  wake(): void;
  /**
   * Sleeps for the longer time, or only for the shorter one when it is woken meanwhile or was since the last sleep.
   * Returns as soon as the signal is aborted.
   */
  sleep(
    ms: { readonly atLeastMs: number; readonly atMostMs: number },
    signal: AbortSignal,
  ): Promise<void>;
}

export function createWakeUp(): WakeUp {
  let isGiven = false;
  let cutShort = (): void => undefined;
  return {
    wake() {
      // Each abort creates an error with a stack, which was a tenth of the time spent on scheduling.
      if (isGiven) return;
      isGiven = true;
      cutShort();
    },
    async sleep({ atLeastMs, atMostMs }, signal) {
      await pause(atLeastMs, signal);
      if (!isGiven && !signal.aborted) {
        // Not `AbortSignal.any`: what is listened to and depends on a signal that lives long is never forgotten.
        const cut = new AbortController();
        cutShort = () => cut.abort();
        const forget = onAbort(signal, cutShort);
        await pause(atMostMs - atLeastMs, cut.signal);
        forget();
      }
      isGiven = false;
    },
  };
}
