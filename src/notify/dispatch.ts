import { deadlineOf } from '../domain/retryPolicy.ts';
import { createClaim } from './claim.ts';
import type { NotifyContext } from './context.ts';
import { deliver, type DeliveryResult } from './deliver.ts';
import type { Evaluation } from './evaluate.ts';

/** A status that has waited so long for another one of its SMS waits on in the database. */
const SIBLING_PATIENCE_MS = 1_000;

/**
 * Delivers now what can be delivered now, and schedules the rest. `unknown`: no row can hold it and its route is not
 * known, so it is to be evaluated again. `onDurable` is called when it is in the database while it is delivered.
 */
export async function dispatch(
  what: Extract<Evaluation, { kind: 'notify' | 'routeUnknown' }>,
  onDurable: () => void,
  ctx: NotifyContext,
): Promise<'done' | 'unknown'> {
  const { retries, locks, queues } = ctx;
  const { retry } = what;
  const canBeScheduled = await retries.canHold(retry.body);
  if (what.kind === 'routeUnknown') {
    if (!canBeScheduled) return 'unknown';
    return (await schedule(what, what.waitMs, ctx)) === 'refused' ? 'unknown' : 'done';
  }
  const { smsKey } = retry.subject;
  if (canBeScheduled) {
    let result: DeliveryResult | 'busy' = 'busy';
    // Without the lock: there is no call to make.
    if (queues.sheds(what.notification.webhook.endpointKey)) result = 'shed';
    else if (!what.siblingClaimed) {
      result = await locks.delivery.runWithin(smsKey, SIBLING_PATIENCE_MS, () =>
        deliverFresh(what, true, onDurable, ctx),
      );
    }
    if (result !== 'busy' && result !== 'shed') return 'done';
    const waitMs = result === 'shed' ? 0 : SIBLING_PATIENCE_MS;
    if ((await schedule(what, waitMs, ctx)) !== 'refused') return 'done';
  }
  await locks.delivery.run(smsKey, () => deliverFresh(what, false, onDurable, ctx));
  return 'done';
}

async function schedule(
  { retry, trace }: Parameters<typeof dispatch>[0],
  waitMs: number,
  { retries }: NotifyContext,
): Promise<Date | 'refused'> {
  trace.recording(retry.accountId, { state: 'waiting' });
  const scheduled = await retries.schedule(retry, waitMs);
  trace.done();
  return scheduled;
}

async function deliverFresh(
  { notification, retry, trace }: Extract<Evaluation, { kind: 'notify' }>,
  canBeScheduled: boolean,
  onDurable: () => void,
  ctx: NotifyContext,
): Promise<DeliveryResult> {
  const claim = createClaim({ retry, token: null, canBeScheduled }, ctx);
  void claim.persisted.then(onDurable);
  const deadline = deadlineOf(retry.acceptedAt, ctx.policy.giveUpAfterMs);
  return await deliver({ notification, deadline, claim, trace, log: retry.log }, null, ctx);
}
