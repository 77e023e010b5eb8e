import { setTimeout as wait } from 'node:timers/promises';
import { inspect } from 'node:util';

interface UntilOptions {
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
  const overdue = new Promise<null>((resolve) => {
    deadline.signal.addEventListener('abort', () => resolve(null), { once: true });
  });
  const ask = async (): Promise<{ readonly value: T } | { readonly error: unknown }> => {
    try {
      return { value: await condition() };
    } catch (error) {
      return { error };
    }
  };
  let last = 'the condition has not answered';
  let cause: unknown;
  try {
    while (!deadline.signal.aborted) {
      const answer = await Promise.race([ask(), overdue]);
      if (answer === null) break;
      if ('value' in answer && answer.value) return answer.value;
      cause = 'error' in answer ? answer.error : undefined;
      last =
        'error' in answer ? `it threw ${String(cause)}` : `last value ${inspect(answer.value)}`;
      await Promise.race([wait(intervalMs), overdue]);
    }
  } finally {
    clearTimeout(timer);
  }
  throw new Error(`not within ${timeoutMs} ms: ${description} (${last})`, { cause });
}
