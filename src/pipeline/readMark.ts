import type { StreamPosition } from '../domain/change.ts';
import { onAbort } from '../runtime/abort.ts';

/** How far the stream has been read: what it brought up to there is being taken up. */
export interface ReadMark {
  moved(position: StreamPosition): void;
  /** Resolves when the stream has been read to there. Rejects with the signal's reason when that is aborted. */
  reached(target: StreamPosition, signal: AbortSignal): Promise<void>;
}

export function createReadMark(
  start: StreamPosition,
  isThere: (position: StreamPosition, target: StreamPosition) => boolean,
): ReadMark {
  let last = start;
  const waiting = new Set<() => void>();
  return {
    moved(position) {
      last = position;
      for (const look of waiting) look();
    },
    async reached(target, signal) {
      signal.throwIfAborted();
      if (isThere(last, target)) return;
      await new Promise<void>((resolve, reject) => {
        const leave = (): void => {
          waiting.delete(look);
          forget();
        };
        const look = (): void => {
          if (!isThere(last, target)) return;
          leave();
          resolve();
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
