import { redirectOf } from '../domain/attempt.ts';
import { attemptedRecord } from '../domain/record.ts';
import { disablesEndpoint, type NextStep } from '../domain/retryPolicy.ts';
import type { NotifyContext } from './context.ts';
import type { Delivery } from './delivery.ts';

type End = Extract<NextStep, { kind: 'delivered' | 'failed' }>;

/**
 * Writes the end, or schedules the next attempt. If its row is refused, it ends as `attempts_exhausted`.
 *
 * @param onDurable called as soon as a crash would no longer cause a repeated call
 */
export async function conclude(
  delivery: Delivery,
  step: Exclude<NextStep, { kind: 'quickRetry' }>,
  ctx: NotifyContext,
  onDurable: () => void,
): Promise<'ended' | 'scheduled' | 'lost'> {
  if (step.kind !== 'scheduled') return await end(delivery, step, ctx, onDurable);
  const scheduled = await schedule(delivery, step.waitMs, ctx, onDurable);
  return scheduled === 'refused' ? await endExhausted(delivery, ctx) : scheduled;
}

/** Schedules a retry, and updates the record if an attempt was made. */
export async function schedule(
  { notification, claim, trace, log }: Delivery,
  waitMs: number,
  { recorder }: Pick<NotifyContext, 'recorder'>,
  onDurable?: () => void,
): Promise<'scheduled' | 'lost' | 'refused'> {
  trace.recording(notification.accountId, { state: log.begun > 0 ? 'retrying' : 'waiting' });
  const nextAttemptAt = await claim.release(log, waitMs);
  if (nextAttemptAt === 'lost' || nextAttemptAt === 'refused') return nextAttemptAt;
  onDurable?.();
  if (log.begun > 0) {
    const state = { state: 'retrying', nextAttemptAt } as const;
    await recorder.show(
      notification,
      attemptedRecord(notification, notification.webhook, log, state),
    );
  }
  trace.done();
  return 'scheduled';
}

export async function endExhausted(delivery: Delivery, ctx: NotifyContext): Promise<'ended'> {
  return await end(delivery, { kind: 'failed', reason: 'attempts_exhausted' }, ctx);
}

async function end(
  { notification, claim, trace, log }: Delivery,
  step: End,
  { recorder, endpoints, queues }: NotifyContext,
  onDurable?: () => void,
): Promise<'ended'> {
  const { webhook } = notification;
  const state =
    step.kind === 'delivered'
      ? ({ state: 'delivered' } as const)
      : ({ state: 'failed', reason: step.reason } as const);
  const record = attemptedRecord(notification, webhook, log, state);
  trace.recording(notification.accountId, state);
  if (log.last === null || !disablesEndpoint(log.last)) {
    const also = { ...redirectOf(log.last), ...(onDurable && { remembered: onDurable }) };
    await recorder.end(notification, record, await claim.token(), also);
    trace.done();
    return 'ended';
  }
  endpoints.avoid(webhook.endpointKey);
  // Not before the answer is remembered: a successor would take the notification for one that must not be made.
  const onRemembered = async (): Promise<void> => {
    const reason = step.kind === 'failed' ? step.reason : 'endpoint_disabled';
    await endpoints.disable(notification, reason);
    queues.endpointDisabled(webhook.endpointKey);
  };
  await recorder.end(notification, record, await claim.token(), { onRemembered });
  trace.done();
  return 'ended';
}
