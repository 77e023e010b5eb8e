import type { AttemptOutcome } from '../domain/attempt.ts';
import type { Notification } from '../domain/notification.ts';
import type { NextStep } from '../domain/retryPolicy.ts';
import type { Logger } from '../runtime/logger.ts';

const logged = {
  delivered: 'delivered',
  quickRetry: 'quick_retry',
  parked: 'parked',
  failed: 'failed',
} as const;

/** Writes the one line per attempt that operators search by. */
export function logAttempt(
  logger: Logger,
  notification: Notification,
  attempt: Readonly<{ number: number; outcome: AttemptOutcome; step: NextStep; now: Date }>,
): void {
  const { outcome, step, number, now } = attempt;
  logger.info('attempt', {
    notificationId: notification.notificationId,
    accountId: notification.accountId,
    flowId: notification.flowId,
    webhookId: notification.webhook.webhookId,
    attempt: number,
    statusCode: outcome.kind === 'answered' ? outcome.statusCode : null,
    error: outcome.error,
    durationMs: outcome.durationMs,
    next: logged[step.kind],
    nextAttemptAt: 'waitMs' in step ? new Date(now.getTime() + step.waitMs).toISOString() : null,
  });
}
