import { AsyncLocalStorage } from 'node:async_hooks';
import { setImmediate as turn } from 'node:timers/promises';

type Task = () => void;

/** Picks one of so many: 0 for the first. */
export type Pick = (count: number) => number;

/** A process of its own, though it runs inside the test: its timers and all that comes to it stand still with it. */
export interface FakeProcess {
  readonly name: string;
  readonly state: 'running' | 'frozen' | 'dead';
  run<Result>(work: () => Result): Result;
  /** What comes from outside: at once, or when the process goes on. */
  deliver(task: Task): void;
  /** As SIGSTOP does. */
  freeze(): void;
  /** As SIGCONT does: what was due meanwhile comes in any order. */
  goOn(pick: Pick): Promise<void>;
  /** As SIGKILL does. */
  kill(): void;
}

const current = new AsyncLocalStorage<FakeProcess>();

/** Runs what is not part of a process: brokers, the network. */
export function outside<Result>(work: () => Result): Result {
  return current.exit(work);
}

const held = new WeakMap<object, () => void>();

/**
 * Timers stand still with the process that started them. To be called after `jest.useFakeTimers`, which
 * `jest.useRealTimers` takes back together with this.
 */
export function bindTimersToProcesses(): void {
  const { setTimeout: start, clearTimeout: clear } = globalThis;
  const startBound = (task: (...values: unknown[]) => void, ms: number, ...values: unknown[]) => {
    const process = current.getStore();
    if (process === undefined) return start(task, ms, ...values);
    let isCleared = false;
    const due = (): void => {
      if (!isCleared) task(...values);
    };
    const timer = start(() => process.deliver(due), ms);
    held.set(timer, () => (isCleared = true));
    return timer;
  };
  const clearBound = (timer: NodeJS.Timeout | undefined): void => {
    if (timer !== undefined) held.get(timer)?.();
    clear(timer);
  };
  Object.assign(globalThis, { setTimeout: startBound, clearTimeout: clearBound });
}

export function createFakeProcess(name: string): FakeProcess {
  let state: FakeProcess['state'] = 'running';
  let due: Task[] = [];
  const process: FakeProcess = {
    name,
    get state() {
      return state;
    },
    run: (work) => current.run(process, work),
    deliver(task) {
      if (state === 'running') process.run(task);
      if (state === 'frozen') due.push(task);
    },
    freeze() {
      if (state === 'running') state = 'frozen';
    },
    async goOn(pick) {
      if (state !== 'frozen') return;
      state = 'running';
      while (due.length > 0) {
        const [task] = due.splice(pick(due.length), 1);
        process.deliver(task ?? (() => undefined));
        await turn();
        if (process.state !== 'running') return;
      }
    },
    kill() {
      state = 'dead';
      due = [];
    },
  };
  return process;
}
