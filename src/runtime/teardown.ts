import { toError } from './errors.ts';

export interface Teardown {
  /** Registers the closing of something just acquired. */
  add(name: string, close: () => Promise<void> | void): void;
  /**
   * Closes everything, newest first. A failing step does not keep the others from running; what failed
   * is thrown at the end as one AggregateError. A second call closes nothing twice.
   */
  run(): Promise<void>;
}

export function createTeardown(): Teardown {
  const steps: { name: string; close: () => Promise<void> | void }[] = [];
  return {
    add(name, close) {
      steps.push({ name, close });
    },
    async run() {
      const failures: Error[] = [];
      for (let last = steps.pop(); last !== undefined; last = steps.pop()) {
        try {
          await last.close();
        } catch (thrown) {
          failures.push(new Error(`closing ${last.name} failed`, { cause: toError(thrown) }));
        }
      }
      if (failures.length > 0) throw new AggregateError(failures, 'not everything closed cleanly');
    },
  };
}
