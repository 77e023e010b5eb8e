import { onAbort } from './abort.ts';

/** Lets tasks wait until something is so. */
export interface Condition {
  /** To be called when it may have become so. */
  check(): void;
  /** Resolves once `isMet`, which must not throw. Rejects with the signal's reason as soon as that is aborted. */
  until(isMet: () => boolean, signal: AbortSignal): Promise<void>;
}

export function createCondition(): Condition {
  const waiting = new Set<() => void>();
  return {
    check() {
      for (const look of waiting) look();
    },
    async until(isMet, signal) {
      signal.throwIfAborted();
      if (isMet()) return;
      await new Promise<void>((resolve, reject) => {
        const look = (): void => {
          if (!isMet()) return;
          leave();
          resolve();
        };
        const leave = (): void => {
          waiting.delete(look);
          forget();
        };
        const forget = onAbort(signal, (reason) => {
          leave();
          reject(reason);
        });
        waiting.add(look);
      });
    },
  };
}
