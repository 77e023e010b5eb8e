import { toError } from './errors.ts';
import { createWaitGroup } from './waitGroup.ts';

/** Tasks that run by themselves, of which nobody waits for a single one. */
export interface Tasks {
  track(task: Promise<void>): void;
  /** Resolves when none runs. Rejects as soon as one has rejected, now or later. */
  wait(): Promise<void>;
  /** The promise, unless a task rejects first: then that rejection. */
  orFailed<Result>(promise: Promise<Result>): Promise<Result>;
}

export function createTasks(): Tasks {
  const running = createWaitGroup();
  const failed = Promise.withResolvers<never>();
  failed.promise.catch(() => undefined);
  const orFailed = async <Result>(promise: Promise<Result>): Promise<Result> =>
    await Promise.race([promise, failed.promise]);
  return {
    track(task) {
      task.then(running.add(), (thrown: unknown) => failed.reject(toError(thrown)));
    },
    wait: async () => await orFailed(running.wait()),
    orFailed,
  };
}
