import type { NextStep } from '../domain/retryPolicy.ts';
import type { ByteBudget } from '../runtime/byteBudget.ts';
import type { Custody } from './custody.ts';

interface Delivery {
  readonly acceptedAt: Date;
  readonly custody: Custody;
}

/** What can't be served in time has expired; what can't wait in durable state has had its attempts. */
export function withinLimits(
  step: NextStep,
  { acceptedAt, custody }: Delivery,
  oldestMs: number,
): NextStep {
  if (!('waitMs' in step)) return step;
  if (oldestMs + step.waitMs > acceptedAt.getTime()) return { kind: 'failed', reason: 'expired' };
  const isStuck = step.kind === 'parked' && !custody.canBeParked;
  return isStuck ? { kind: 'failed', reason: 'attempts_exhausted' } : step;
}

/** A quick retry waits in memory as far as there is room for the responses of those that do. */
export function withinRoom(step: NextStep, { custody }: Delivery, responses: ByteBudget): NextStep {
  if (step.kind !== 'quickRetry' || responses.hasRoom || !custody.canBeParked) return step;
  return { kind: 'parked', waitMs: step.waitMs };
}
