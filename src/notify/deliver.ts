import pRetry from 'p-retry';
import type { Slot, Waiting } from '../endpoints/queue.ts';
import { abortReason, delay, Stopping } from '../runtime/abort.ts';
import { attempt, whyNotToCall, type AttemptResult } from './attempt.ts';
import { endExhausted, schedule } from './conclude.ts';
import type { NotifyContext } from './context.ts';
import type { Delivery } from './delivery.ts';

/**
 * `lost`: somebody else has claimed it, and sees to it. `shed`: no attempt was made, and its queue has no room for it:
 * the caller has it wait in the database.
 */
export type DeliveryResult = 'ended' | 'scheduled' | 'lost' | 'shed';

/** It can't go on from memory: no room, or a stop, which left `waitMs` of the wait for the next attempt. */
type PutOff =
  | Readonly<{ kind: 'shed' }>
  | Readonly<{ kind: 'stopped' }>
  | Readonly<{ kind: 'cut'; waitMs: number }>;

type Result = Exclude<AttemptResult | PutOff, { kind: 'quickRetry' }>;

/**
 * Makes attempts, with quick retries, until the notification has ended or waits in the database, and that is written.
 * Rejects with `Stopping` when a stop came and nothing has to be kept, or the time to write is up. A wait holds no
 * slot.
 *
 * @param slot what a retry has already; null for a fresh notification
 */
export async function deliver(
  what: Omit<Delivery, 'hold'>,
  slot: Slot | null,
  ctx: NotifyContext,
): Promise<DeliveryResult> {
  const { notification, deadline, claim, trace, log } = what;
  const hold = ctx.memory.responses.open();
  const delivery: Delivery = { notification, deadline, claim, trace, log, hold };
  try {
    const first =
      slot === null ? await attemptAs('fresh', delivery, ctx) : await attempt(slot, delivery, ctx);
    const result: Result =
      first.kind === 'quickRetry' ? await retryQuickly(first.waitMs, delivery, ctx) : first;
    if (result.kind === 'shed' || result.kind === 'stopped' || result.kind === 'cut') {
      return await putOff(result, delivery, { isRetry: slot !== null }, ctx);
    }
    return result.kind;
  } finally {
    claim.close();
    hold.release();
  }
}

async function attemptAs(
  waiting: Waiting,
  delivery: Delivery,
  ctx: NotifyContext,
): Promise<AttemptResult | PutOff> {
  const slot = await takeSlot(waiting, delivery, ctx);
  return slot === 'shed' || slot === 'stopped'
    ? { kind: slot }
    : await attempt(slot, delivery, ctx);
}

const SHED_WAIT_MS = 1_000;
const noSlot: Slot = { answered: () => undefined, release: () => undefined };

/**
 * A notification that no row can hold waits here until its endpoint may be called. Once it may not be called any more
 * it gets a dummy slot, since no call follows.
 */
async function takeSlot(
  waiting: Waiting,
  delivery: Delivery,
  ctx: NotifyContext,
): Promise<Slot | 'shed' | 'stopped'> {
  const { queues, term } = ctx;
  const { notification, claim } = delivery;
  const { endpointKey } = notification.webhook;
  for (;;) {
    const as = claim.canBeScheduled() ? waiting : 'scheduled';
    const slot = await queues.take(endpointKey, as, term.stopping);
    if (slot !== 'shed' || claim.canBeScheduled()) return slot;
    if (whyNotToCall(delivery, ctx) !== null) return noSlot;
    if ((await waitOrStop(SHED_WAIT_MS, term.stopping)) !== null) return 'stopped';
  }
}

/** Each in a slot of its own. Nearly always the first attempt is the last one: it goes without what retries take. */
async function retryQuickly(
  firstWaitMs: number,
  delivery: Delivery,
  ctx: NotifyContext,
): Promise<Result> {
  let waitMs = firstWaitMs;
  return await pRetry(
    async () => {
      const leftMs = await waitOrStop(waitMs, ctx.term.stopping);
      if (leftMs !== null) return { kind: 'cut', waitMs: leftMs } as const;
      const result = await attemptAs('quickRetry', delivery, ctx);
      if (result.kind !== 'quickRetry') return result;
      ({ waitMs } = result);
      throw new QuickRetry();
    },
    {
      retries: ctx.policy.schedule.quickRetriesMs.length - 1,
      minTimeout: 0,
      shouldRetry: ({ error }) => error instanceof QuickRetry,
    },
  );
}

/** Has p-retry make one more attempt; a bug must not. */
class QuickRetry extends Error {}

/** What is left of the wait when a stop cuts it short; null when it is over. */
async function waitOrStop(waitMs: number, stopping: AbortSignal): Promise<number | null> {
  const until = performance.now() + waitMs;
  try {
    await delay(waitMs, stopping);
    return null;
  } catch {
    return Math.max(0, Math.ceil(until - performance.now()));
  }
}

/**
 * No row is needed if a successor reads the change again, or the caller schedules it. One that was written for an
 * attempt that was not made after all is released: the change need not be read again by then.
 */
async function putOff(
  why: PutOff,
  delivery: Delivery,
  { isRetry }: { readonly isRetry: boolean },
  ctx: NotifyContext,
): Promise<DeliveryResult> {
  const { claim, log } = delivery;
  const isBegun = isRetry || log.begun > 0 || claim.hasRow();
  if (why.kind === 'shed' && !isBegun) return 'shed';
  if (!isBegun || !claim.canBeScheduled()) throw stopReason(ctx);
  const scheduled = await schedule(delivery, why.kind === 'cut' ? why.waitMs : 0, ctx);
  if (scheduled !== 'refused') return scheduled;
  if (why.kind !== 'shed') throw stopReason(ctx);
  return await endExhausted(delivery, ctx);
}

/** The lease may have run out before anything was stopped. */
function stopReason({ term: { stopping } }: NotifyContext): Error {
  return stopping.aborted ? abortReason(stopping) : new Stopping();
}
