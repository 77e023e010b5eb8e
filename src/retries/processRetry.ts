import { redirectOf } from '../domain/attempt.ts';
import { attemptedRecord, skippedRecord } from '../domain/record.ts';
import { decide, type Decision } from '../domain/decision.ts';
import type { Webhook } from '../domain/route.ts';
import { deadlineOf, routeWaitMs } from '../domain/retryPolicy.ts';
import type { Slot } from '../endpoints/queue.ts';
import { createClaim } from '../notify/claim.ts';
import type { NotifyContext } from '../notify/context.ts';
import { deliver } from '../notify/deliver.ts';
import { findRouteSoon } from '../notify/findRouteSoon.ts';
import { NO_ENDPOINT, type ClaimedRetry } from '../ports/retries.ts';
import type { Trace } from '../ports/tracing.ts';
import { isToBeCalled, release, TRY_AGAIN_MS, type TakenRetry } from './takeUp.ts';

/** One that was called before and whose route is unknown. It is due as soon as that is known, see `askForRoutes`. */
const KNOWN_ROUTE_WAIT_MS = 60_000;

/** A check that a notification has not ended is repeated before a call if it is older than this. */
const CHECK_HOLDS_MS = 1_000;

/** Where a row was claimed, and the slot it is called in; null when there is no call to make. */
type Place = Readonly<{ endpointKey: string; slot: Slot }> | null;

/** The row now leads to another endpoint, and is still held. */
type Led = Readonly<{ leadsTo: string; taken: TakenRetry }>;

/**
 * Processes one row until its end, its next wait, or the endpoint that it leads to now. Rejects, with nothing lost,
 * only because the worker is stopping; any other rejection is a bug.
 */
export async function processRetry(
  taken: TakenRetry,
  place: Place,
  ctx: NotifyContext,
): Promise<'done' | Led> {
  let result: 'done' | 'busy' | Led = 'done';
  const { subject, firstTrace } = taken.retry;
  const trace = ctx.tracing.begin(subject, firstTrace);
  try {
    // At once or not at all: what it would wait for may itself wait for the slot that this row holds.
    result = await ctx.locks.delivery.runWithin(subject.smsKey, 0, () =>
      decideRetry(taken, place, trace, ctx),
    );
    if (result !== 'busy') return result;
    await release(taken, TRY_AGAIN_MS, taken.update, ctx);
    return 'done';
  } finally {
    trace.end();
    if (typeof result !== 'object') taken.leave();
  }
}

async function decideRetry(
  claimed: TakenRetry,
  place: Place,
  trace: Trace,
  ctx: NotifyContext,
): Promise<'done' | Led> {
  const { recorder, endpoints, policy, term, metrics, clock } = ctx;
  // It may have waited for its slot while a former holder of the lease wrote its end.
  const isOld = performance.now() - claimed.checkedAtMs > CHECK_HOLDS_MS;
  if (isOld) trace.begin('look-up');
  if (isOld && !(await isToBeCalled(claimed, claimed.update, ctx))) return 'done';
  const { retry, token } = claimed;
  const { subject, accountId, flowId, webhook, undecided, acceptedAt } = retry;
  const { deliveryStatus } = subject;
  trace.begin('decision');
  const route = await findRouteSoon({ accountId, flowId, deliveryStatus }, ctx);
  // Nobody was asked: a successor decides.
  if (route.kind === 'unknown' && term.stopping.aborted) {
    await release(claimed, 0, claimed.update, ctx);
    return 'done';
  }
  const decision = decide({
    route,
    isStale: undecided?.isStale === true,
    isExpired: clock.now() > deadlineOf(acceptedAt, policy.giveUpAfterMs).getTime(),
    isDisabled: endpoints.isDisabled,
    acceptedFor: undecided === null ? webhook : null,
  });
  trace.done();
  switch (decision.kind) {
    case 'ignore':
      await recorder.closeRow(subject, null, token);
      metrics.notNotified(decision.reason);
      return 'done';
    case 'skip': {
      const record = skippedRecord(subject, decision.reason);
      trace.recording(accountId, record);
      await recorder.end({ ...subject, accountId }, record, token);
      return 'done';
    }
    case 'fail':
      trace.recording(accountId, { state: 'failed', reason: decision.reason });
      await fail(claimed, decision, ctx);
      return 'done';
    case 'routeUnknown':
      await waitForRoute(claimed, ctx);
      return 'done';
    case 'notify':
      return await deliverRetry({ ...claimed, webhook: decision.webhook, trace }, place, ctx);
    default:
      return decision satisfies never;
  }
}

async function fail(
  { retry, token }: ClaimedRetry,
  { reason, webhook }: Extract<Decision, { kind: 'fail' }>,
  { recorder }: NotifyContext,
): Promise<void> {
  const { subject, accountId, log } = retry;
  const record = attemptedRecord(subject, webhook, log, { state: 'failed', reason });
  await recorder.end({ ...subject, accountId, webhook }, record, token, redirectOf(log.last));
}

/** The row goes to the queue of those that lead nowhere, and keeps where it led. */
async function waitForRoute(claimed: ClaimedRetry, ctx: NotifyContext): Promise<void> {
  const { log, undecided, webhook } = claimed.retry;
  const nowhere = webhook === null ? null : { ...webhook, endpointKey: NO_ENDPOINT };
  if (undecided === null) {
    const update = { log, webhook: nowhere, undecided };
    await release(claimed, KNOWN_ROUTE_WAIT_MS, update, ctx);
    return;
  }
  const lookUps = undecided.lookUps + 1;
  const update = { log, webhook: nowhere, undecided: { ...undecided, lookUps } };
  await release(claimed, routeWaitMs(lookUps), update, ctx);
}

/** Makes the call if the row has a slot at the endpoint that it leads to. */
async function deliverRetry(
  { webhook, trace, ...taken }: TakenRetry & Readonly<{ webhook: Webhook; trace: Trace }>,
  place: Place,
  ctx: NotifyContext,
): Promise<'done' | Led> {
  const { retry, token } = taken;
  const { subject, accountId, flowId, body, acceptedAt, log } = retry;
  const { endpointKey } = webhook;
  if (place === null || endpointKey !== place.endpointKey) {
    return { leadsTo: endpointKey, taken: { ...taken, update: { log, webhook, undecided: null } } };
  }
  const notification = { ...subject, accountId, flowId, body, webhook };
  const decided = { ...retry, webhook, undecided: null };
  const claim = createClaim({ retry: decided, token, canBeScheduled: true }, ctx);
  const deadline = deadlineOf(acceptedAt, ctx.policy.giveUpAfterMs);
  trace.accepted({ accountId, flowId, webhook });
  await deliver({ notification, deadline, claim, trace, log }, place.slot, ctx);
  return 'done';
}
