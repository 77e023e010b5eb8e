import { setTimeout as wait } from 'node:timers/promises';

export interface Looking {
  readonly limitMs: number;
  readonly everyMs: number;
  readonly signal: AbortSignal;
}

/** Whether it comes true within the limit; looks once at least. Rejects when the signal is aborted. */
export async function comesTrue(
  condition: () => Promise<boolean>,
  { limitMs, everyMs, signal }: Looking,
): Promise<boolean> {
  const endMs = performance.now() + limitMs;
  for (;;) {
    if (await condition()) return true;
    if (performance.now() >= endMs) return false;
    await wait(everyMs, undefined, { signal });
  }
}
