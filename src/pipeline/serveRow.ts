import { attemptedRecord, skippedRecord, type Standing } from '../domain/buildRecord.ts';
import type { Notification } from '../domain/notification.ts';
import type { FailedReason } from '../domain/record.ts';
import type { Route, RouteKey, Webhook } from '../domain/route.ts';
import { onAbort } from '../runtime/abort.ts';
import { createCustody } from './custody.ts';
import { deliver } from './deliver.ts';
import { unlessTaken, type HandleChangeDeps } from './handleChange.ts';
import type { Slot } from './lanes.ts';
import type { ClaimedNotification, ParkedNotification, RowUpdate } from './retryPort.ts';
import { routeWaitMs } from './routeWait.ts';
import { nullWhenUnknown } from './takeUp.ts';

/** A row that can't begin after all is due again after this. */
const TRY_AGAIN_MS = 1_000;

export interface ServeRowDeps extends HandleChangeDeps {
  /** How long a row waits for its route before it is let go again. */
  readonly routePatienceMs: number;
  /** Has the rows of an endpoint served soon: there is one more due. */
  issue(endpointKey: string): void;
}

/** Where a row was claimed, and the slot it is called in. */
interface Place {
  /** Null when there is no slot, and so no call. */
  readonly endpointKey: string | null;
  readonly slot: Slot;
}

/**
 * Takes one claimed row on: to its end, to its next wait, or to the endpoint it leads to now. Rejects, with
 * nothing lost, only because the worker is stopping; any other rejection is a bug.
 */
export async function serveRow(
  claimed: ClaimedNotification,
  place: Place,
  deps: ServeRowDeps,
): Promise<void> {
  const { underWay, callGate, claims } = deps;
  const { notificationId, smsKey } = claimed.parked.subject;
  if (underWay.has(notificationId)) {
    // A change of it has come between the search for rows and the claim.
    await letGo(claimed, TRY_AGAIN_MS, null, deps);
    return;
  }
  // It is in durable state: nobody has to wait for it to be settled.
  underWay.set(notificationId, Promise.resolve());
  claims.set(notificationId, claimed.claim);
  try {
    // At once or not at all: what it would wait for may itself wait for the slot that this row holds.
    const served = await callGate.enterSoon(smsKey, 0, async () => {
      await serve(claimed, place, deps);
      return true;
    });
    if (served === null) await letGo(claimed, TRY_AGAIN_MS, null, deps);
  } finally {
    claims.delete(notificationId);
    underWay.delete(notificationId);
  }
}

async function letGo(
  { parked, claim }: ClaimedNotification,
  waitMs: number,
  update: RowUpdate | null,
  { retries }: ServeRowDeps,
): Promise<void> {
  await retries.release(parked.subject.notificationId, claim, update, waitMs);
}

async function serve(
  claimed: ClaimedNotification,
  place: Place,
  deps: ServeRowDeps,
): Promise<void> {
  const { retries, end, stopping, metrics } = deps;
  const { parked, claim } = claimed;
  const { subject } = parked;
  const { ended, siblingClaimed } = await retries.standing(claimed);
  if (ended !== null) {
    await end.finish(subject, ended.record, claim);
    return;
  }
  if (siblingClaimed) {
    await letGo(claimed, TRY_AGAIN_MS, null, deps);
    return;
  }
  const route = stopping.aborted ? null : await findRoute(claimed, deps);
  if (route === null && stopping.aborted) {
    // Nobody was asked: a successor decides.
    await letGo(claimed, 0, null, deps);
    return;
  }
  const fate = fateOf(route, parked, deps);
  switch (fate.kind) {
    case 'forgotten':
      await end.finish(subject, null, claim);
      metrics.notNotified('not_opted_in');
      break;
    case 'skipped':
      await end.write(subject, skippedRecord(subject, fate.reason), claim);
      break;
    case 'failed':
      await fail(claimed, fate, deps);
      break;
    case 'unknown':
      await waitForRoute(claimed, deps);
      break;
    case 'open':
      await goOn(claimed, fate.webhook, place, deps);
      break;
    default:
      fate satisfies never;
  }
}

type Fate =
  /** The account does not want it, and was never asked before. */
  | Readonly<{ kind: 'forgotten' }>
  | Readonly<{ kind: 'skipped'; reason: Parameters<typeof skippedRecord>[1] }>
  | Readonly<{ kind: 'failed'; reason: FailedReason; webhook: ParkedNotification['webhook'] }>
  /** Nobody can tell as yet. */
  | Readonly<{ kind: 'unknown' }>
  | Readonly<{ kind: 'open'; webhook: Webhook }>;

/** The first reason that applies wins, in the same order as for news. */
function fateOf(route: Route | null, parked: ParkedNotification, deps: ServeRowDeps): Fate {
  const { webhook, undecided, acceptedAt } = parked;
  const expired = { kind: 'failed', reason: 'expired', webhook } as const;
  const isExpired = deps.clock.now() > acceptedAt.getTime() + deps.giveUpAfterMs;
  if (route === null) return isExpired ? expired : { kind: 'unknown' };
  if (route.kind === 'notOptedIn' || route.kind === 'missing') {
    if (undecided === null) return { kind: 'failed', reason: 'notification_withdrawn', webhook };
    if (route.kind === 'notOptedIn') return { kind: 'forgotten' };
  }
  if (undecided?.isStale === true) return { kind: 'skipped', reason: 'stale' };
  if (route.kind === 'missing') return { kind: 'skipped', reason: route.reason };
  if (route.kind !== 'open') {
    return { kind: 'failed', reason: 'invalid_webhook', webhook: route };
  }
  if (deps.endpoints.isDisabled(route.webhook.endpointKey)) {
    return { kind: 'failed', reason: 'endpoint_disabled', webhook: route.webhook };
  }
  return isExpired
    ? { ...expired, webhook: webhook ?? route.webhook }
    : { kind: 'open', webhook: route.webhook };
}

async function fail(
  { parked, claim }: ClaimedNotification,
  { reason, webhook }: Extract<Fate, { kind: 'failed' }>,
  { end }: ServeRowDeps,
): Promise<void> {
  const standing: Standing = { state: 'failed', reason };
  const record = attemptedRecord(parked.subject, webhook, parked.log, standing);
  await end.write(parked.subject, record, claim);
}

/** The row goes to the lane of those that lead nowhere, unless it is known where it led. */
async function waitForRoute(claimed: ClaimedNotification, deps: ServeRowDeps): Promise<void> {
  const { log, undecided } = claimed.parked;
  if (undecided === null) {
    await letGo(claimed, routeWaitMs(0), null, deps);
    return;
  }
  const lookUps = undecided.lookUps + 1;
  const update = { log, webhook: null, undecided: { ...undecided, lookUps } };
  await letGo(claimed, routeWaitMs(lookUps), update, deps);
}

/** Calls it, if it still leads where it was claimed; else it waits for its turn there. */
async function goOn(
  claimed: ClaimedNotification,
  webhook: Webhook,
  { endpointKey, slot }: Place,
  deps: ServeRowDeps,
): Promise<void> {
  const { retries, stopping } = deps;
  const { parked, claim } = claimed;
  const { subject, accountId, flowId, body, acceptedAt, log } = parked;
  if (webhook.endpointKey !== endpointKey) {
    await letGo(claimed, 0, { log, webhook, undecided: null }, deps);
    deps.issue(webhook.endpointKey);
    return;
  }
  const notification: Notification = { ...subject, accountId, flowId, body, webhook };
  const custody = createCustody({
    retries,
    parked: { ...parked, webhook, undecided: null },
    claim,
    claims: deps.claims,
    canBeParked: true,
    onParked: () => undefined,
    stopping,
  });
  const delivery = { notification, acceptedAt, log: { ...log }, custody, slot };
  await deliver(delivery, deps).catch(unlessTaken);
}

/** The route as it is now, or null when MySQL does not tell in time. */
async function findRoute(
  { parked }: ClaimedNotification,
  deps: ServeRowDeps,
): Promise<Route | null> {
  const { accountId, flowId, subject } = parked;
  const { deliveryStatus } = subject;
  return await findRouteSoon({ accountId, flowId, deliveryStatus }, deps);
}

/** A route as it is now, or null when MySQL does not tell in time, or a stop comes before. */
export async function findRouteSoon(
  key: RouteKey,
  {
    routes,
    stopping,
    routePatienceMs,
  }: Pick<ServeRowDeps, 'routes' | 'stopping' | 'routePatienceMs'>,
): Promise<Route | null> {
  // Not `AbortSignal.any`: what depends on a signal that lives long is never forgotten (Node 20).
  const patience = new AbortController();
  const giveUp = (): void => patience.abort();
  const timer = setTimeout(giveUp, routePatienceMs);
  const forget = onAbort(stopping, giveUp);
  try {
    return await routes.find(key, patience.signal);
  } catch (error) {
    if (patience.signal.aborted) return null;
    return nullWhenUnknown(error);
  } finally {
    clearTimeout(timer);
    forget();
  }
}
