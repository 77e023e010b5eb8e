import { isDelivered, type AttemptOutcome } from './attempt.ts';
import type { FailedReason } from './record.ts';

/** What follows an attempt. */
export type NextStep =
  | Readonly<{ kind: 'delivered' }>
  | Readonly<{ kind: 'quickRetry'; waitMs: number }>
  | Readonly<{ kind: 'failed'; reason: FailedReason }>;

/**
 * `number` counts attempts from 1; `random` is in [0, 1). The n-th entry of `quickRetriesMs` is the least
 * wait before retry n; it is stretched by up to a fifth so that those who failed together don't come back
 * together, and never shortened.
 */
export function nextStep(
  outcome: AttemptOutcome,
  number: number,
  quickRetriesMs: readonly number[],
  random: number,
): NextStep {
  if (isDelivered(outcome)) return { kind: 'delivered' };
  const entryMs = quickRetriesMs[number - 1];
  if (entryMs === undefined) return { kind: 'failed', reason: 'attempts_exhausted' };
  return { kind: 'quickRetry', waitMs: Math.ceil(entryMs * (1 + random / 5)) };
}
