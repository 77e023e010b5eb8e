import { waitAtMost } from '../runtime/abort.ts';

/** Runs a few expensive tasks at a time, and lets others wait. */
export interface Turns {
  /** `busy`, and nothing is run, when too many wait, or too many for this key. */
  run<Result>(key: string, task: () => Promise<Result>): Promise<Result | 'busy'>;
}

interface TurnsOptions {
  readonly atOnce: number;
  /** Running and waiting. */
  readonly inAll: number;
  readonly perKey: number;
  /** A task that takes longer no longer keeps others from running. */
  readonly longestTurnMs: number;
  /** While others wait, a place stays empty after each turn: for as many times as long as the turn took, 250 ms at most. */
  readonly restTimes?: number;
}

/** What took long has mostly waited itself. */
const LONGEST_REST_MS = 250;

export function createTurns({
  atOnce,
  inAll,
  perKey,
  longestTurnMs,
  restTimes = 0,
}: TurnsOptions): Turns {
  const counts = new Map<string, number>();
  const waiting: (() => void)[] = [];
  let [admitted, running] = [0, 0];
  const change = (key: string, by: number): void => {
    admitted += by;
    const count = (counts.get(key) ?? 0) + by;
    if (count === 0) counts.delete(key);
    else counts.set(key, count);
  };
  const endTurn = (): void => {
    const next = waiting.shift();
    if (next === undefined) running -= 1;
    else next();
  };
  return {
    async run(key, task) {
      if (admitted >= inAll || (counts.get(key) ?? 0) >= perKey) return 'busy';
      change(key, 1);
      try {
        if (running < atOnce) running += 1;
        else await new Promise<void>((resolve) => waiting.push(resolve));
        const begunAt = performance.now();
        const result = Promise.try(task);
        await waitAtMost(
          longestTurnMs,
          result.catch(() => undefined),
        );
        const tookMs = performance.now() - begunAt;
        const restMs = Math.min(LONGEST_REST_MS, restTimes * tookMs);
        if (restMs > 0 && waiting.length > 0) setTimeout(endTurn, restMs).unref();
        else endTurn();
        return await result;
      } finally {
        change(key, -1);
      }
    },
  };
}
