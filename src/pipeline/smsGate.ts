/**
 * Lets one task of an SMS through at a time, in the order they came.
 */
export interface SmsGate {
  /** Runs `task` once every earlier task of the same SMS has ended, and settles as it does. */
  enter<Result>(smsKey: string, task: () => Promise<Result>): Promise<Result>;
  /** The same, but a task that could not begin within `patienceMs` is not run at all: null. */
  enterSoon<Result>(
    smsKey: string,
    patienceMs: number,
    task: () => Promise<Result>,
  ): Promise<Result | null>;
}

export function createSmsGate(): SmsGate {
  const lastOf = new Map<string, Promise<unknown>>();

  const enter = <Result>(smsKey: string, task: () => Promise<Result>): Promise<Result> => {
    const before = lastOf.get(smsKey);
    const mine = before === undefined ? task() : before.then(task, task);
    lastOf.set(smsKey, mine);
    const leave = (): void => {
      if (lastOf.get(smsKey) === mine) lastOf.delete(smsKey);
    };
    mine.then(leave, leave);
    return mine;
  };

  const enterLater = async <Result>(
    smsKey: string,
    patienceMs: number,
    task: () => Promise<Result>,
  ): Promise<Result | null> => {
    let isLate = false;
    let timer: NodeJS.Timeout | undefined;
    const lateness = new Promise<null>((resolve) => {
      timer = setTimeout(() => {
        isLate = true;
        resolve(null);
      }, patienceMs);
    });
    const entered = enter(smsKey, async () => {
      clearTimeout(timer);
      return isLate ? null : await task();
    });
    return await Promise.race([entered, lateness]);
  };

  return {
    enter,
    enterSoon: (smsKey, patienceMs, task) =>
      lastOf.has(smsKey) ? enterLater(smsKey, patienceMs, task) : enter(smsKey, task),
  };
}
