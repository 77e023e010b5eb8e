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
import { NO_ENDPOINT, type ClaimedRetry, type RetryUpdate } from '../ports/retries.ts';

/** A row that can't begin after all is due again after this. */
const TRY_AGAIN_MS = 1_000;
/** The wait before a row is tried again whose state can't be read. */
const REFUSED_WAIT_MS = 600_000;
/** One that was called before and whose route is unknown. It is due as soon as that is known, see `askForRoutes`. */
const KNOWN_ROUTE_WAIT_MS = 60_000;

/** Where a row was claimed, and the slot it is called in; null when there is no call to make. */
type Place = Readonly<{ endpointKey: string; slot: Slot }> | null;

/** `movedTo`: it leads to that endpoint now, where one more is due. */
type RetryResult = 'done' | Readonly<{ movedTo: string }>;

/**
 * Takes one claimed row on: to its end, to its next wait, or to the endpoint it leads to now. Rejects, with
 * nothing lost, only because the worker is stopping; any other rejection is a bug.
 */
export async function processRetry(
  claimed: ClaimedRetry,
  place: Place,
  ctx: NotifyContext,
): Promise<RetryResult> {
  const { active, locks, claims } = ctx;
  const { notificationId, smsKey } = claimed.retry.subject;
  // A change of it has come between the search for rows and the claim.
  if (active.has(notificationId)) return await release(claimed, TRY_AGAIN_MS, null, ctx);
  // It is in the database: nobody has to wait for it to be durable.
  active.set(notificationId, Promise.resolve());
  claims.set(notificationId, claimed.token);
  try {
    // At once or not at all: what it would wait for may itself wait for the slot that this row holds.
    const result = await locks.delivery.runWithin(smsKey, 0, () =>
      decideRetry(claimed, place, ctx),
    );
    return result === 'busy' ? await release(claimed, TRY_AGAIN_MS, null, ctx) : result;
  } finally {
    claims.delete(notificationId);
    active.delete(notificationId);
  }
}

/** What the database refuses to let go of has its claim run out, and is claimed again. */
async function release(
  { retry, token }: ClaimedRetry,
  waitMs: number,
  update: RetryUpdate | null,
  { retries }: NotifyContext,
): Promise<'done'> {
  await retries.release(retry.subject.notificationId, token, update, waitMs);
  return 'done';
}

async function decideRetry(
  claimed: ClaimedRetry,
  place: Place,
  ctx: NotifyContext,
): Promise<RetryResult> {
  const { retries, recorder, endpoints, policy, term, metrics, clock } = ctx;
  const { retry, token } = claimed;
  const { subject, accountId, flowId, webhook, undecided, acceptedAt } = retry;
  const rechecked = await retries.recheck(claimed);
  // Nobody can tell whether it has ended.
  if (rechecked === 'refused') return await release(claimed, REFUSED_WAIT_MS, null, ctx);
  if (rechecked.ended !== null) {
    await recorder.closeRow(subject, rechecked.ended.record, token);
    return 'done';
  }
  if (rechecked.siblingClaimed) return await release(claimed, TRY_AGAIN_MS, null, ctx);
  const { deliveryStatus } = subject;
  const route = await findRouteSoon({ accountId, flowId, deliveryStatus }, ctx);
  // Nobody was asked: a successor decides.
  if (route.kind === 'unknown' && term.stopping.aborted) {
    return await release(claimed, 0, null, ctx);
  }
  const decision = decide({
    route,
    isStale: undecided?.isStale === true,
    isExpired: clock.now() > deadlineOf(acceptedAt, policy.giveUpAfterMs).getTime(),
    isDisabled: endpoints.isDisabled,
    acceptedFor: undecided === null ? webhook : null,
  });
  switch (decision.kind) {
    case 'ignore':
      await recorder.closeRow(subject, null, token);
      metrics.notNotified(decision.reason);
      return 'done';
    case 'skip':
      await recorder.end({ ...subject, accountId }, skippedRecord(subject, decision.reason), token);
      return 'done';
    case 'fail':
      return await fail(claimed, decision, ctx);
    case 'routeUnknown':
      return await waitForRoute(claimed, ctx);
    case 'notify':
      return await deliverRetry(claimed, decision.webhook, place, ctx);
    default:
      return decision satisfies never;
  }
}

async function fail(
  { retry, token }: ClaimedRetry,
  { reason, webhook }: Extract<Decision, { kind: 'fail' }>,
  { recorder }: NotifyContext,
): Promise<'done'> {
  const { subject, accountId, log } = retry;
  const record = attemptedRecord(subject, webhook, log, { state: 'failed', reason });
  await recorder.end({ ...subject, accountId }, record, token, redirectOf(log.last));
  return 'done';
}

/** The row goes to the queue of those that lead nowhere, and keeps where it led. */
async function waitForRoute(claimed: ClaimedRetry, ctx: NotifyContext): Promise<'done'> {
  const { log, undecided, webhook } = claimed.retry;
  const nowhere = webhook === null ? null : { ...webhook, endpointKey: NO_ENDPOINT };
  if (undecided === null) {
    const update = { log, webhook: nowhere, undecided };
    return await release(claimed, KNOWN_ROUTE_WAIT_MS, update, ctx);
  }
  const lookUps = undecided.lookUps + 1;
  const update = { log, webhook: nowhere, undecided: { ...undecided, lookUps } };
  return await release(claimed, routeWaitMs(lookUps), update, ctx);
}

/** Calls it, if it still leads where it was claimed; else it waits for its turn there. */
async function deliverRetry(
  claimed: ClaimedRetry,
  webhook: Webhook,
  place: Place,
  ctx: NotifyContext,
): Promise<RetryResult> {
  const { retry, token } = claimed;
  const { subject, accountId, flowId, body, acceptedAt, log } = retry;
  const { endpointKey } = webhook;
  if (place === null || endpointKey !== place.endpointKey) {
    await release(claimed, 0, { log, webhook, undecided: null }, ctx);
    return { movedTo: endpointKey };
  }
  const notification = { ...subject, accountId, flowId, body, webhook };
  const decided = { ...retry, webhook, undecided: null };
  const claim = createClaim({ retry: decided, token, canBeScheduled: true }, ctx);
  const deadline = deadlineOf(acceptedAt, ctx.policy.giveUpAfterMs);
  await deliver({ notification, deadline, claim, log }, place.slot, ctx);
  return 'done';
}
