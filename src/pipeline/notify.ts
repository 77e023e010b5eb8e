import pRetry, { AbortError } from 'p-retry';
import type { AttemptOutcome } from '../domain/attempt.ts';
import { attemptedRecord } from '../domain/buildRecord.ts';
import type { Notification } from '../domain/notification.ts';
import type { DeliveryRecord } from '../domain/record.ts';
import { nextStep, type NextStep } from '../domain/retryPolicy.ts';
import { delay } from '../runtime/abort.ts';
import type { Logger } from '../runtime/logger.ts';
import type { Lanes } from './lanes.ts';
import type { Metrics, WebhookSender } from './ports.ts';

export interface NotifyDeps {
  readonly lanes: Lanes;
  readonly sender: WebhookSender;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly quickRetriesMs: readonly number[];
  /** Aborted when nothing new may start: a first attempt still queued is not made. */
  readonly stopping: AbortSignal;
  /** Aborted when the time to finish is up: running attempts and waits are given up. */
  readonly abandoned: AbortSignal;
  readonly random: () => number;
}

/** An attempt that is to be followed by another; what p-retry is told. */
class AttemptFailed extends Error {
  override readonly name = 'AttemptFailed';
  readonly waitMs: number;
  constructor(waitMs: number) {
    super('the attempt failed');
    this.waitMs = waitMs;
  }
}

/**
 * Calls the webhook until it answers with a 2xx or its attempts are used up, and says how it ended. A
 * wait between attempts holds no slot. Rejects, with nothing ended, when `stopping` comes before the first
 * attempt or `abandoned` before the last.
 */
export async function notify(
  notification: Notification,
  deps: NotifyDeps,
): Promise<DeliveryRecord> {
  const { lanes, quickRetriesMs, stopping, abandoned } = deps;
  const outcomes: AttemptOutcome[] = [];
  const attempt = async (number: number): Promise<NextStep> => {
    const startSignal = number === 1 ? stopping : abandoned;
    const step = await lanes
      .run(
        notification.webhook.endpointKey,
        () => callOnce(notification, number, deps),
        startSignal,
      )
      .then(({ outcome, next }) => {
        outcomes.push(outcome);
        return next;
      })
      .catch((error: unknown) => {
        throw new AbortError(error instanceof Error ? error : String(error));
      });
    if (step.kind === 'quickRetry') throw new AttemptFailed(step.waitMs);
    return step;
  };
  const last = await pRetry(attempt, {
    retries: quickRetriesMs.length,
    minTimeout: 0,
    onFailedAttempt: async ({ error }) => {
      if (error instanceof AttemptFailed) await delay(error.waitMs, abandoned);
    },
  });
  const [first, ...others] = outcomes;
  if (first === undefined) throw new Error('a notification ended without an attempt');
  const reason = last.kind === 'failed' ? last.reason : null;
  return attemptedRecord(notification, notification.webhook, [first, ...others], reason);
}

async function callOnce(
  notification: Notification,
  number: number,
  deps: NotifyDeps,
): Promise<{ outcome: AttemptOutcome; next: NextStep }> {
  const { sender, metrics, quickRetriesMs, abandoned, random } = deps;
  const { webhook, body, notificationId } = notification;
  const outcome = await sender.send({ webhook, body, notificationId, number }, abandoned);
  const next = nextStep(outcome, number, quickRetriesMs, random());
  metrics.attempted(outcome);
  if (next.kind === 'delivered') {
    metrics.delivered((Date.now() - notification.statusAt.getTime()) / 1000);
  }
  logAttempt(deps.logger, notification, { number, outcome, next });
  return { outcome, next };
}

/** The one line per attempt that operators search by. */
function logAttempt(
  logger: Logger,
  notification: Notification,
  attempt: { readonly number: number; readonly outcome: AttemptOutcome; readonly next: NextStep },
): void {
  const { outcome, next, number } = attempt;
  logger.info('attempt', {
    notificationId: notification.notificationId,
    accountId: notification.accountId,
    flowId: notification.flowId,
    webhookId: notification.webhook.webhookId,
    attempt: number,
    statusCode: outcome.kind === 'answered' ? outcome.statusCode : null,
    error: outcome.error,
    durationMs: outcome.durationMs,
    next: next.kind === 'quickRetry' ? 'quick_retry' : next.kind,
    nextAttemptAt:
      next.kind === 'quickRetry' ? new Date(Date.now() + next.waitMs).toISOString() : null,
  });
}
