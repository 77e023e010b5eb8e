import { attemptedRecord, type Standing } from '../domain/buildRecord.ts';
import type { Notification } from '../domain/notification.ts';
import type { FailedReason } from '../domain/record.ts';
import type { Route, Webhook } from '../domain/route.ts';
import { delay, Stopping } from '../runtime/abort.ts';
import { createCustody } from './custody.ts';
import { deliver } from './deliver.ts';
import { unlessTaken, type HandleChangeDeps } from './handleChange.ts';
import type { ClaimedNotification, ParkedNotification } from './ports.ts';

/** How often durable state is asked for what is due, when it had nothing. */
const ASK_EVERY_MS = 500;
/** When there may be more: time for what was claimed to take its slots. */
const AGAIN_AFTER_MS = 20;
/** Claimed at once; what is claimed must begin within about a second. */
const CLAIM_LIMIT = 100;
/** A row that can't begin after all is due again after this. */
const TRY_AGAIN_MS = 1_000;
/** How long a row waits for its route before it is let go again. */
const ROUTE_PATIENCE_MS = 5_000;
const NO_ROUTE_WAIT_MS = 30_000;

export interface RedeliverDeps extends HandleChangeDeps {
  /** Told of every notification taken up, so that a stop can wait for it. */
  track(task: Promise<void>): void;
}

/** Serves what waits in durable state, until `stopping`. Waits out a database that does not answer. */
export async function redeliverDue(deps: RedeliverDeps): Promise<void> {
  const { retries, lanes, logger, stopping } = deps;
  while (!stopping.aborted) {
    let isMoreDue = false;
    try {
      const limit = Math.min(CLAIM_LIMIT, lanes.free);
      const claimed = limit > 0 ? await retries.claimDue(limit) : [];
      for (const row of claimed) deps.track(redeliver(row, deps));
      isMoreDue = limit > 0 && claimed.length === limit;
    } catch (error) {
      logger.warn('database_retry', { what: 'due retries', error });
    }
    const waitMs = isMoreDue ? AGAIN_AFTER_MS : ASK_EVERY_MS * (0.75 + deps.random() / 2);
    await delay(waitMs, stopping).catch(() => undefined);
  }
}

async function redeliver(claimed: ClaimedNotification, deps: RedeliverDeps): Promise<void> {
  const { underWay, callGate, stopping } = deps;
  const { notificationId, smsKey } = claimed.parked.subject;
  underWay.add(notificationId);
  try {
    const served = await callGate.enterSoon(smsKey, TRY_AGAIN_MS, async () => {
      await serve(claimed, deps);
      return true;
    });
    if (served === null) await letGo(claimed, TRY_AGAIN_MS, deps);
  } catch (error) {
    // Its claim runs out, and a successor goes on.
    if (!(stopping.aborted && error instanceof Stopping)) throw error;
  } finally {
    underWay.delete(notificationId);
  }
}

async function letGo(
  { parked, claim }: ClaimedNotification,
  waitMs: number,
  { retries }: RedeliverDeps,
): Promise<void> {
  await retries.release(parked.subject.notificationId, claim, null, waitMs);
}

async function serve(claimed: ClaimedNotification, deps: RedeliverDeps): Promise<void> {
  const { retries, end, stopping } = deps;
  const { parked, claim } = claimed;
  const { ended, siblingClaimed } = await retries.standing(claimed);
  if (ended !== null) {
    await end.finish(parked.subject, ended.record, claim);
    return;
  }
  if (siblingClaimed) {
    await letGo(claimed, TRY_AGAIN_MS, deps);
    return;
  }
  const route = stopping.aborted ? null : await findRoute(claimed, deps);
  const reason = endsBecause(route, parked, deps);
  if (reason !== null) await fail(claimed, reason, deps);
  else if (route?.kind === 'open') await callAgain(claimed, route.webhook, deps);
  else await letGo(claimed, stopping.aborted ? 0 : NO_ROUTE_WAIT_MS, deps);
}

/** Why it is not to be called again; null when it is, or when that can't be told as yet. */
function endsBecause(
  route: Route | null,
  { acceptedAt }: ParkedNotification,
  deps: RedeliverDeps,
): FailedReason | null {
  const isExpired = Date.now() > acceptedAt.getTime() + deps.giveUpAfterMs;
  const withdrawn = route === null ? null : withdrawnBecause(route, deps);
  return withdrawn ?? (isExpired ? 'expired' : null);
}

async function callAgain(
  { parked, claim }: ClaimedNotification,
  webhook: Webhook,
  deps: RedeliverDeps,
): Promise<void> {
  const { retries, stopping } = deps;
  const { subject, accountId, flowId, body, acceptedAt, log } = parked;
  const notification: Notification = { ...subject, accountId, flowId, body, webhook };
  const onParked = (): void => undefined;
  const custody = createCustody({
    retries,
    parked: { ...parked, webhook },
    claim,
    onParked,
    stopping,
  });
  await deliver({ notification, acceptedAt, log: { ...log }, custody }, deps).catch(unlessTaken);
}

/** The route as it is now, or null when MySQL does not tell in time. */
async function findRoute(
  { parked }: ClaimedNotification,
  { routes, stopping }: RedeliverDeps,
): Promise<Route | null> {
  const { accountId, flowId, subject } = parked;
  const { deliveryStatus } = subject;
  const patience = new AbortController();
  const timer = setTimeout(() => patience.abort(), ROUTE_PATIENCE_MS);
  const signal = AbortSignal.any([patience.signal, stopping]);
  try {
    return await routes.find({ accountId, flowId, deliveryStatus }, signal);
  } catch (error) {
    if (signal.aborted) return null;
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

function withdrawnBecause(route: Route, { endpoints }: RedeliverDeps): FailedReason | null {
  switch (route.kind) {
    case 'open':
      return endpoints.isDisabled(route.webhook.endpointKey) ? 'endpoint_disabled' : null;
    case 'unusable':
      return 'invalid_webhook';
    case 'notOptedIn':
    case 'missing':
      return 'notification_withdrawn';
    default:
      return route satisfies never;
  }
}

async function fail(
  { parked, claim }: ClaimedNotification,
  reason: FailedReason,
  { end }: RedeliverDeps,
): Promise<void> {
  const standing: Standing = { state: 'failed', reason };
  const record = attemptedRecord(parked.subject, parked.webhook, parked.log, standing);
  await end.write(parked.subject, record, claim);
}
