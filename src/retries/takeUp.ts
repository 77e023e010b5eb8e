import { attemptedRecord } from '../domain/record.ts';
import type { NotifyContext } from '../notify/context.ts';
import type { ClaimedRetry, RetryUpdate } from '../ports/retries.ts';

/** If a row can't begin after all, it is due again after this time. */
export const TRY_AGAIN_MS = 1_000;
/** The wait before a row whose state can't be read is tried again. */
const REFUSED_WAIT_MS = 600_000;

/**
 * A claimed row whose notification has not ended. Nothing else in this process handles the notification until `leave`.
 */
export interface TakenRetry extends ClaimedRetry {
  /**
   * Where the row leads, as found out since it was claimed: written if it is released. Null if nothing was found out.
   */
  readonly update: RetryUpdate | null;
  /** When it was last checked that the notification has not ended. By `performance.now()`. */
  readonly checkedAtMs: number;
  /** Call this when the row is written or released. Repeated calls are harmless. */
  leave(): void;
}

/**
 * Takes up a row that was just claimed; null if there is nothing to do for it now. From now on, its claim is renewed.
 * Rejects, with nothing lost, only because the worker is stopping.
 */
export async function takeUp(
  claimed: ClaimedRetry,
  ctx: NotifyContext,
): Promise<TakenRetry | null> {
  const { active, claims } = ctx;
  const { retry, token } = claimed;
  const { subject } = retry;
  const { notificationId } = subject;
  // A change for this notification came between the search for rows and the claim.
  if (active.has(notificationId)) return await release(claimed, TRY_AGAIN_MS, null, ctx);
  // It is already in the database, so nothing has to wait until it is durable.
  const activity = Promise.resolve();
  active.set(notificationId, activity);
  claims.set(notificationId, token);
  const leave = (): void => {
    if (active.get(notificationId) !== activity) return;
    claims.delete(notificationId);
    active.delete(notificationId);
  };
  let isTaken = false;
  try {
    const checkedAtMs = performance.now();
    isTaken = await isToBeCalled(claimed, null, ctx);
    return isTaken ? { ...claimed, update: null, checkedAtMs, leave } : null;
  } finally {
    if (!isTaken) leave();
  }
}

/**
 * Whether its notification has neither ended nor has to wait for another one of its SMS. If it has, its row was removed
 * or released.
 */
export async function isToBeCalled(
  claimed: ClaimedRetry,
  update: RetryUpdate | null,
  ctx: NotifyContext,
): Promise<boolean> {
  const { retries, recorder } = ctx;
  const rechecked = await retries.recheck(claimed);
  // There is no way to tell whether it has ended.
  if (rechecked === 'refused') await release(claimed, REFUSED_WAIT_MS, update, ctx);
  else if (rechecked.ended !== null) {
    await recorder.closeRow(claimed.retry.subject, rechecked.ended.record, claimed.token);
  } else if (rechecked.siblingClaimed) await release(claimed, TRY_AGAIN_MS, update, ctx);
  else return true;
  return false;
}

/** If the database refuses the release, the claim expires and the row is claimed again. */
export async function release(
  { retry, token }: ClaimedRetry,
  waitMs: number,
  update: RetryUpdate | null,
  { retries }: Pick<NotifyContext, 'retries'>,
): Promise<null> {
  await retries.release(retry.subject.notificationId, token, update, waitMs);
  return null;
}

/**
 * Releases a row with what is known now, due at once, and leaves it. Then its record is shown again: while the row was
 * claimed, a whole-document save that removed the record was left to whoever held the claim.
 */
export async function giveBack(
  taken: TakenRetry,
  { retries, recorder }: NotifyContext,
): Promise<void> {
  const { retry, token, update } = taken;
  const { subject, log } = retry;
  const nextAttemptAt = await retries
    .release(subject.notificationId, token, update, 0)
    .finally(() => taken.leave());
  if (log.begun === 0 || nextAttemptAt === 'lost' || nextAttemptAt === 'refused') return;
  const webhook = update === null ? retry.webhook : update.webhook;
  const state = { state: 'retrying', nextAttemptAt } as const;
  await recorder.show(subject, attemptedRecord(subject, webhook, log, state));
}
