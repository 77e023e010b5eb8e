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

export function createKeyedMutex(): KeyedMutex {
  const lastOf = new Map<string, Promise<unknown>>();

  const enter = <Result>(key: string, task: () => Promise<Result>): Promise<Result> => {
    const before = lastOf.get(key);
    const mine = before === undefined ? task() : before.then(task, task);
    lastOf.set(key, mine);
    const leave = (): void => {
      if (lastOf.get(key) === mine) lastOf.delete(key);
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
      lastOf.has(key) ? enterLater(key, patienceMs, task) : enter(key, task),
  };
}
