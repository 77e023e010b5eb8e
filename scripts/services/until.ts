import { setTimeout as wait } from 'node:timers/promises';
import { inspect } from 'node:util';

export interface UntilOptions {
  readonly timeoutMs?: number;
  readonly intervalMs?: number;
}

/**
 * Polls until the condition gives something truthy, and returns that. A condition that throws counts
 * as "not yet". After `timeoutMs` the error names what was waited for and the last value or error.
 */
export async function until<T>(
  description: string,
  condition: () => T | Promise<T>,
  { timeoutMs = 45_000, intervalMs = 20 }: UntilOptions = {},
): Promise<NonNullable<T>> {
  const deadline = new AbortController();
  const timer = setTimeout(() => deadline.abort(), timeoutMs);
  const overdue = new Promise<'overdue'>((resolve) => {
    deadline.signal.addEventListener('abort', () => resolve('overdue'), { once: true });
  });
  let last = 'the condition has not answered';
  let cause: unknown;
  try {
    while (!deadline.signal.aborted) {
      const seen = await Promise.race([settle(condition), overdue]);
      if (seen === 'overdue') break;
      if (seen.kind === 'threw') {
        cause = seen.error;
        last = `it threw ${String(seen.error)}`;
      } else if (seen.value) {
        return seen.value;
      } else {
        cause = undefined;
        last = `last value ${inspect(seen.value)}`;
      }
      await Promise.race([wait(intervalMs), overdue]);
    }
  } finally {
    clearTimeout(timer);
  }
  throw new Error(`not within ${timeoutMs} ms: ${description} (${last})`, { cause });
}

type Seen<T> = Readonly<{ kind: 'value'; value: T }> | Readonly<{ kind: 'threw'; error: unknown }>;

async function settle<T>(condition: () => T | Promise<T>): Promise<Seen<T>> {
  try {
    return { kind: 'value', value: await condition() };
  } catch (error) {
    return { kind: 'threw', error };
  }
}
