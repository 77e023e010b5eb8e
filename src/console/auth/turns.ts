/** Runs a few expensive tasks at a time, and lets a few wait. */
interface Turns {
  /** `busy`, and nothing is run, when too many wait, or too many for this key. */
  run<Result>(key: string, task: () => Promise<Result>): Promise<Result | 'busy'>;
}

interface TurnsOptions {
  readonly atOnce: number;
  /** Running and waiting. */
  readonly inAll: number;
  readonly perKey: number;
}

export function createTurns({ atOnce, inAll, perKey }: TurnsOptions): Turns {
  const counts = new Map<string, number>();
  const waiting: (() => void)[] = [];
  let [admitted, running] = [0, 0];
  const change = (key: string, by: number): void => {
    admitted += by;
    const count = (counts.get(key) ?? 0) + by;
    if (count === 0) counts.delete(key);
    else counts.set(key, count);
  };
  return {
    async run(key, task) {
      if (admitted >= inAll || (counts.get(key) ?? 0) >= perKey) return 'busy';
      change(key, 1);
      try {
        if (running < atOnce) running += 1;
        else await new Promise<void>((resolve) => waiting.push(resolve));
        return await task();
      } finally {
        change(key, -1);
        const next = waiting.shift();
        if (next === undefined) running -= 1;
        else next();
      }
    },
  };
}
