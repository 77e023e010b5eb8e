import { setTimeout as wait } from 'node:timers/promises';

/** Microseconds of the machine's monotonic clock, the same in all its Node processes. */
export function nowUs(): number {
  return Number(process.hrtime.bigint() / 1_000n);
}

/** Whether it comes true within the limit; looks once at least. Rejects when the signal is aborted. */
export async function comesTrue(
  condition: () => Promise<boolean>,
  { limitMs, everyMs, signal }: Readonly<{ limitMs: number; everyMs: number; signal: AbortSignal }>,
): Promise<boolean> {
  const endMs = performance.now() + limitMs;
  for (;;) {
    if (await condition()) return true;
    if (performance.now() >= endMs) return false;
    await wait(everyMs, undefined, { signal });
  }
}
