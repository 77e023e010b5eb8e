import type { NotifyContext } from '../notify/context.ts';
import type { ClaimedRetry, RetryUpdate } from '../ports/retries.ts';

/** A row that can't begin after all is due again after this. */
export const TRY_AGAIN_MS = 1_000;
/** The wait before a row is tried again whose state can't be read. */
const REFUSED_WAIT_MS = 600_000;

/** A claimed row whose notification has not ended. Nobody else in this process sees to that until `leave`. */
export interface TakenRetry extends ClaimedRetry {
  /** What it leads to as it was found out since, for the row if it is let go of; null when nothing was. */
  readonly update: RetryUpdate | null;
  /** Once the row is written or let go of; once or more often. */
  leave(): void;
}

/**
 * Takes up what was just claimed; null when nothing is to be done about it now. Its claim is renewed from now on.
 * Rejects, with nothing lost, only because the worker is stopping.
 */
export async function takeUp(
  claimed: ClaimedRetry,
  ctx: NotifyContext,
): Promise<TakenRetry | null> {
  const { active, claims, retries, recorder } = ctx;
  const { retry, token } = claimed;
  const { subject } = retry;
  const { notificationId } = subject;
  // A change of it has come between the search for rows and the claim.
  if (active.has(notificationId)) return await release(claimed, TRY_AGAIN_MS, null, ctx);
  // It is in the database: nobody has to wait for it to be durable.
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
    const rechecked = await retries.recheck(claimed);
    // Nobody can tell whether it has ended.
    if (rechecked === 'refused') return await release(claimed, REFUSED_WAIT_MS, null, ctx);
    if (rechecked.ended !== null) {
      await recorder.closeRow(subject, rechecked.ended.record, token);
      return null;
    }
    if (rechecked.siblingClaimed) return await release(claimed, TRY_AGAIN_MS, null, ctx);
    isTaken = true;
    return { retry, token, update: null, leave };
  } finally {
    if (!isTaken) leave();
  }
}

/** What the database refuses to let go of has its claim run out, and is claimed again. */
export async function release(
  { retry, token }: ClaimedRetry,
  waitMs: number,
  update: RetryUpdate | null,
  { retries }: Pick<NotifyContext, 'retries'>,
): Promise<null> {
  await retries.release(retry.subject.notificationId, token, update, waitMs);
  return null;
}

/** Lets go of a row as it is known now, due at once, and leaves it. */
export async function giveBack(taken: TakenRetry, ctx: NotifyContext): Promise<void> {
  await release(taken, 0, taken.update, ctx).finally(() => taken.leave());
}
