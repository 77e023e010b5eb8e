/** Runs the tasks of one key one at a time, in the order they came. */
export interface KeyedMutex {
  /** Runs `task` once every earlier task of the same key has ended, and settles as it does. */
  run<Result>(key: string, task: () => Promise<Result>): Promise<Result>;
  /** The same, but a task that can't begin within `patienceMs` is not run at all: `busy`. */
  runWithin<Result>(
    key: string,
    patienceMs: number,
    task: () => Promise<Result>,
  ): Promise<Result | 'busy'>;
}

/**
 * The tasks of one key. `last` is cleared when no task is left. Otherwise the map's old storage would still refer to
 * the removed line, and so to the last task and everything in its result, until V8 collects the old generation.
 */
interface Line {
  last: Promise<unknown> | null;
}

export function createKeyedMutex(): KeyedMutex {
  const lines = new Map<string, Line>();

  const enter = <Result>(key: string, task: () => Promise<Result>): Promise<Result> => {
    const line: Line = lines.get(key) ?? { last: null };
    const mine = line.last === null ? task() : line.last.then(task, task);
    line.last = mine;
    lines.set(key, line);
    const leave = (): void => {
      if (line.last !== mine) return;
      lines.delete(key);
      line.last = null;
    };
    mine.then(leave, leave);
    return mine;
  };

  const enterLater = async <Result>(
    key: string,
    patienceMs: number,
    task: () => Promise<Result>,
  ): Promise<Result | 'busy'> => {
    let isLate = false;
    let timer: NodeJS.Timeout | undefined;
    const lateness = new Promise<'busy'>((resolve) => {
      timer = setTimeout(() => {
        isLate = true;
        resolve('busy');
      }, patienceMs);
    });
    const entered = enter(key, async () => {
      clearTimeout(timer);
      return isLate ? 'busy' : await task();
    });
    return await Promise.race([entered, lateness]);
  };

  return {
    run: enter,
    runWithin: (key, patienceMs, task) =>
      lines.has(key) ? enterLater(key, patienceMs, task) : enter(key, task),
  };
}
