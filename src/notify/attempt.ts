import {
  type AttemptOutcome,
  failureOf,
  isDelivered,
  wasCalled,
  withAttemptBegun,
  withOutcome,
} from '../domain/attempt.ts';
import { decide } from '../domain/decision.ts';
import type { Notification } from '../domain/notification.ts';
import type { FailedReason } from '../domain/record.ts';
import { nextStep, type NextStep } from '../domain/retryPolicy.ts';
import { weightOfLog } from '../domain/weight.ts';
import type { Slot } from '../endpoints/queue.ts';
import { Stopping } from '../runtime/abort.ts';
import { toError } from '../runtime/errors.ts';
import { conclude } from './conclude.ts';
import type { NotifyContext } from './context.ts';
import type { Delivery } from './delivery.ts';

/** `stopped`: this attempt was not made, and is not counted, or was given up, because a stop came. */
export type AttemptResult =
  | Extract<NextStep, { kind: 'quickRetry' }>
  | Readonly<{ kind: 'ended' }>
  | Readonly<{ kind: 'scheduled' }>
  | Readonly<{ kind: 'lost' }>
  | Readonly<{ kind: 'stopped' }>;

/**
 * One attempt, and the end or the wait in the database that follows; no call if it is too late for one. Of the limits on
 * calls in flight, the endpoint's has room again when the call is over, the one in total when the result is in the
 * ledger or in durable state. So a crash never repeats more calls than that one allows. This is one function because
 * every function that waits stays in memory for that long.
 */
export async function attempt(
  slot: Slot,
  delivery: Delivery,
  ctx: NotifyContext,
): Promise<AttemptResult> {
  const { notification, claim, trace } = delivery;
  const { term, sender } = ctx;
  const share = ctx.memory.answers.open();
  try {
    const reason = whyNotToCall(delivery, ctx);
    if (reason !== null) {
      return { kind: await conclude(delivery, { kind: 'failed', reason }, ctx, slot.release) };
    }
    const begun = withAttemptBegun(delivery.log, new Date(ctx.clock.now()));
    if (!term.isHeld()) return { kind: 'stopped' };
    const beginning = await claim.beginAttempt(begun);
    if (beginning !== 'begun') return { kind: beginning };
    // Counting it can take a write: time enough to be frozen in.
    if (!term.isHeld()) return { kind: 'stopped' };
    claim.attemptRuns(begun);
    const before = delivery.log;
    delivery.log = begun;
    const { webhook, body, notificationId } = notification;
    const number = begun.begun;
    const traceparent = trace.calling(notification, number);
    const call = { webhook, body, notificationId, number, traceparent };
    const outcome = await sender
      .send(call, term.abandoned, share, term.isHeld)
      .catch(stoppedBySender);
    if (outcome === 'stopped') {
      trace.done();
      // While there is time to finish, the sender stops only before the call.
      if (!term.abandoned.aborted) delivery.log = before;
      return { kind: 'stopped' };
    }
    trace.called(outcome);
    keepOutcome(delivery, outcome, ctx);
    slot.answered();
    const step = chooseStep(delivery, outcome, ctx);
    return step.kind === 'quickRetry'
      ? step
      : { kind: await conclude(delivery, step, ctx, slot.release) };
  } finally {
    share.release();
    slot.release();
  }
}

function stoppedBySender(thrown: unknown): 'stopped' {
  if (thrown instanceof Stopping) return 'stopped';
  throw toError(thrown);
}

/** Why no attempt may begin any more, after a wait for a slot; null if it may. */
export function whyNotToCall(
  { notification, deadline }: Pick<Delivery, 'notification' | 'deadline'>,
  { endpoints, clock }: Pick<NotifyContext, 'endpoints' | 'clock'>,
): FailedReason | null {
  const { webhook } = notification;
  const decision = decide({
    route: { kind: 'open', webhook },
    isStale: false,
    isExpired: clock.now() > deadline.getTime(),
    isDisabled: endpoints.isDisabled,
    acceptedFor: webhook,
  });
  return decision.kind === 'fail' ? decision.reason : null;
}

/** In its log, at the endpoint's breaker, and in numbers. */
function keepOutcome(delivery: Delivery, outcome: AttemptOutcome, ctx: NotifyContext): void {
  const { notification, claim, hold } = delivery;
  const { queues, metrics, statistics, clock } = ctx;
  delivery.log = withOutcome(delivery.log, outcome);
  hold.release();
  hold.add(weightOfLog(delivery.log));
  claim.attemptEnded(delivery.log);
  if (wasCalled(outcome)) queues.ended(notification, failureOf(outcome));
  metrics.attempted(outcome);
  statistics.attempted(notification, outcome);
  // How long ago the status of a replay was set says nothing about how quick the worker is.
  if (isDelivered(outcome) && notification.run === undefined) {
    metrics.delivered((clock.now() - notification.statusAt.getTime()) / 1000);
  }
}

function chooseStep(
  { notification, claim, deadline, log }: Delivery,
  outcome: AttemptOutcome,
  ctx: NotifyContext,
): NextStep {
  const now = new Date(ctx.clock.now());
  const canBeScheduled = claim.canBeScheduled();
  const limits = { now, random: ctx.random(), deadline, canBeScheduled };
  let step = nextStep(outcome, log.begun, ctx.policy.schedule, limits);
  // A quick retry waits in memory only while there is room for the responses of those that do.
  if (step.kind === 'quickRetry' && canBeScheduled && !ctx.memory.responses.hasRoom) {
    step = { kind: 'scheduled', waitMs: step.waitMs };
  }
  logAttempt(notification, { number: log.begun, outcome, step, now }, ctx);
  return step;
}

const logged = {
  delivered: 'delivered',
  quickRetry: 'quick_retry',
  scheduled: 'parked',
  failed: 'failed',
} as const;

/** The one line per attempt that operators search for. */
function logAttempt(
  { notificationId, accountId, flowId, webhook }: Notification,
  attempted: Readonly<{ number: number; outcome: AttemptOutcome; step: NextStep; now: Date }>,
  { logger }: NotifyContext,
): void {
  const { outcome, step, number, now } = attempted;
  logger.info('attempt', {
    notificationId,
    accountId,
    flowId,
    webhookId: webhook.webhookId,
    attempt: number,
    statusCode: outcome.kind === 'answered' ? outcome.statusCode : null,
    error: outcome.error,
    durationMs: outcome.durationMs,
    next: logged[step.kind],
    nextAttemptAt: 'waitMs' in step ? new Date(now.getTime() + step.waitMs).toISOString() : null,
  });
}
