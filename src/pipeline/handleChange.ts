import { noAttempts } from '../domain/attemptLog.ts';
import { attemptedRecord, uncalledRecord } from '../domain/buildRecord.ts';
import type { Change } from '../domain/change.ts';
import type { Notification, Subject } from '../domain/notification.ts';
import { delay } from '../runtime/abort.ts';
import type { ByteBudget, Hold } from '../runtime/byteBudget.ts';
import { toError } from '../runtime/errors.ts';
import { createCustody, Superseded } from './custody.ts';
import { deliver, type DeliverDeps } from './deliver.ts';
import { NoRoom } from './lanes.ts';
import { CannotPark, type ParkableNotification, type RetryStore } from './retryPort.ts';
import type { SmsGate } from './smsGate.ts';
import { routeWaitMs } from './routeWait.ts';
import { takeUp, type TakenUp, type TakeUpDeps, type UndecidedNotification } from './takeUp.ts';

export interface HandleChangeDeps extends TakeUpDeps, DeliverDeps {
  readonly retries: RetryStore;
  /** What is held of documents that were looked up. */
  readonly lookedUp: ByteBudget;
  /** One change of an SMS at a time is taken up. */
  readonly takeUpGate: SmsGate;
  /** One status of an SMS at a time is called. */
  readonly callGate: SmsGate;
  /**
   * The notifications between their decision and their end, in this process; each with what resolves when it is
   * settled, and rejects when a stop has left it unsettled.
   */
  readonly underWay: Map<string, Promise<void>>;
  /** Of these, the claims on their rows in durable state: token by notification. They are renewed. */
  readonly claims: Map<string, string>;
}

/** A status that has waited so long for another one of its SMS goes on waiting in durable state. */
const SIBLING_PATIENCE_MS = 1_000;

/**
 * Takes one status of one SMS from the change to its end, or into durable state. `settle` is called as
 * soon as nothing of it depends on this process any more; when this resolves it has been. Both tell
 * whether the status was news.
 * Rejects, with nothing lost, only because the worker is stopping; any other rejection is a bug.
 */
export async function handleChange(
  change: Change,
  subject: Subject,
  deps: HandleChangeDeps,
  settle: (wasNews: boolean) => void,
): Promise<boolean> {
  const hold = deps.lookedUp.open();
  const accepted = { change, subject, acceptedAt: new Date(deps.clock.now()), hold };
  const settlement = createSettlement(settle);
  try {
    for (;;) {
      const { taken, holder } = await takeUpOnce(accepted, settlement.settled, deps);
      if (isTaken(taken) && (await serveTaken(taken, accepted, deps, settlement.settle))) {
        if (deps.clock.now() <= accepted.acceptedAt.getTime() + deps.giveUpAfterMs) {
          // It is looked up again: what waits for room must hold none.
          hold.release();
          await delay(routeWaitMs(0), deps.stopping);
          continue;
        }
        const expired = { state: 'failed', reason: 'expired' } as const;
        await deps.end.write(subject, attemptedRecord(subject, null, noAttempts, expired), null);
      }
      const wasNews = taken.kind !== 'nothing';
      // Not before what it is a duplicate of: that may come from a search, which a successor begins again.
      if (holder !== undefined) await holder;
      settlement.settle(wasNews);
      return wasNews;
    }
  } catch (error) {
    settlement.leave(toError(error));
    throw error;
  } finally {
    hold.release();
  }
}

interface Accepted {
  readonly change: Change;
  readonly subject: Subject;
  /** Before anything was asked of a database: waiting for one counts. */
  readonly acceptedAt: Date;
  readonly hold: Hold;
}

type Taken = TakenUp | { readonly kind: 'nothing' };

/** `holder`: what has the same notification under way, when something has. */
async function takeUpOnce(
  { change, subject, hold }: Accepted,
  settled: Promise<void>,
  deps: HandleChangeDeps,
): Promise<{ readonly taken: Taken; readonly holder: Promise<void> | undefined }> {
  const { takeUpGate, underWay, stopping, metrics, end } = deps;
  const { smsKey, notificationId } = subject;
  return await takeUpGate.enter(smsKey, async () => {
    stopping.throwIfAborted();
    const holder = underWay.get(notificationId);
    const isUnderWay = holder !== undefined;
    if (isUnderWay && change.operation === 'update') {
      metrics.notNotified('duplicate');
      return { taken: { kind: 'nothing' }, holder };
    }
    let taken: Taken = { kind: 'nothing' };
    // Before anything is looked up: a row put down after that must not be served beside it.
    if (!isUnderWay) underWay.set(notificationId, settled);
    try {
      taken = await takeUp(change, subject, { isUnderWay, hold }, deps);
      if (taken.kind === 'ended') await end.write(subject, taken.record, null);
    } finally {
      if (!isUnderWay && !isTaken(taken)) underWay.delete(notificationId);
    }
    return { taken, holder };
  });
}

/** True when its route is unknown and no row can hold it: then it is to be asked for again from here. */
async function serveTaken(
  taken: Extract<Taken, { kind: 'notify' | 'undecided' }>,
  { acceptedAt, subject }: Accepted,
  deps: HandleChangeDeps,
  settle: (wasNews: boolean) => void,
): Promise<boolean> {
  try {
    if (taken.kind === 'undecided') return !(await putOff(taken.parked, acceptedAt, deps));
    await call(taken, acceptedAt, deps, settle);
    return false;
  } finally {
    deps.underWay.delete(subject.notificationId);
  }
}

interface Settlement {
  readonly settled: Promise<void>;
  settle(wasNews: boolean): void;
  /** A stop has come before. */
  leave(reason: Error): void;
}

function createSettlement(onSettled: (wasNews: boolean) => void): Settlement {
  let resolve = (): void => undefined;
  let leave = (_reason: Error): void => undefined;
  const settled = new Promise<void>((onResolve, onReject) => {
    resolve = onResolve;
    leave = onReject;
  });
  settled.catch(() => undefined);
  return {
    settled,
    settle(wasNews) {
      resolve();
      onSettled(wasNews);
    },
    leave: (reason) => leave(reason),
  };
}

function isTaken(taken: Taken): taken is Extract<Taken, { kind: 'notify' | 'undecided' }> {
  return taken.kind === 'notify' || taken.kind === 'undecided';
}

/** Its route is looked up again from durable state; false when no row can hold it. */
async function putOff(
  undecided: UndecidedNotification,
  acceptedAt: Date,
  { retries }: HandleChangeDeps,
): Promise<boolean> {
  if (!(await retries.canHold(undecided.body))) return false;
  const { isStale, ...rest } = undecided;
  const parked = { ...rest, acceptedAt, log: noAttempts, webhook: null };
  const row = { ...parked, undecided: { isStale, lookUps: 0 } };
  return await retries.park(row, routeWaitMs(0)).then(() => true, falseWhenRefused);
}

async function call(
  { notification, siblingClaimed }: Extract<Taken, { kind: 'notify' }>,
  acceptedAt: Date,
  deps: HandleChangeDeps,
  settle: (wasNews: boolean) => void,
): Promise<void> {
  const { callGate, retries, stopping } = deps;
  if (deps.clock.now() > acceptedAt.getTime() + deps.giveUpAfterMs) {
    const record = uncalledRecord(notification, 'expired', notification.webhook);
    await deps.end.write(notification, record, null);
    return;
  }
  const parked = parkable(notification, acceptedAt);
  const onParked = (): void => settle(true);
  const canBeParked = await retries.canHold(notification.body);
  const serve = async (mayBeParked: boolean): Promise<true> => {
    const custody = createCustody({
      retries,
      parked,
      claim: null,
      claims: deps.claims,
      canBeParked: mayBeParked,
      onParked,
      stopping,
    });
    const delivery = { notification, acceptedAt, log: noAttempts, custody, slot: null };
    await deliver(delivery, deps).catch(unlessTaken);
    return true;
  };
  if (!canBeParked) {
    await callGate.enter(notification.smsKey, async () => await serve(false));
    return;
  }
  const wasCalled = siblingClaimed
    ? null
    : await callGate
        .enterSoon(notification.smsKey, SIBLING_PATIENCE_MS, async () => await serve(true))
        .catch(unlessNoRoom);
  if (wasCalled === true) return;
  const waitMs = wasCalled === 'noRoom' ? 0 : SIBLING_PATIENCE_MS;
  const isParked = await retries
    .park({ ...parked, log: noAttempts }, waitMs)
    .then(() => true, falseWhenRefused);
  if (!isParked) await callGate.enter(notification.smsKey, async () => await serve(false));
}

function falseWhenRefused(error: unknown): false {
  if (error instanceof CannotPark) return false;
  throw toError(error);
}

function unlessNoRoom(error: unknown): 'noRoom' {
  if (error instanceof NoRoom) return 'noRoom';
  throw toError(error);
}

/** What durable state needs of a notification, but for its attempts. */
export function parkable(
  notification: Notification,
  acceptedAt: Date,
): Omit<ParkableNotification, 'log'> {
  const { documentKey, smsKey, notificationId, deliveryStatus, statusAt } = notification;
  const { accountId, flowId, body, webhook } = notification;
  const subject = { documentKey, smsKey, notificationId, deliveryStatus, statusAt };
  return { subject, accountId, flowId, body, acceptedAt, webhook, undecided: null };
}

/** Whoever has taken it over sees to it; here nothing is left to do. */
export function unlessTaken(error: unknown): void {
  if (!(error instanceof Superseded)) throw toError(error);
}
