import { weightOfLog } from '../domain/weight.ts';
import { ignoreStopping, orAbort } from '../runtime/abort.ts';
import { createByteBudget } from '../runtime/byteBudget.ts';
import type { NotifyContext } from '../notify/context.ts';
import { processRetry } from './processRetry.ts';

/** How often durable state is asked which endpoints have something due; seldom while none will have soon. */
const ASK_EVERY_MS = 500;
const ASK_SELDOM_MS = 2_000;
/** An answer that took long is asked for less often: so many times its own duration later. */
const REST_FACTOR = 5;
const LONGEST_REST_MS = 5_000;
const ALWAYS_RESERVED = 2;
/** What the bodies of claimed rows, and the responses they have had, may take together. */
const CLAIMED_BYTES = 32 * 1024 * 1024;

/** Keeps hold of what has begun, so that a stop can wait for it. */
export type Track = (task: Promise<void>) => void;

/**
 * Serves what waits in the database, until `stopping`. Waits out a database that does not answer.
 *
 * A row is claimed only when there is a slot to call it in. So for each endpoint with something due a reservation
 * stands in its queue; when its turn comes it claims the row that has been due longest, and two more reservations take
 * its place. With nothing due any more they run out. Hence a backlog is not begun all at once, claims don't run out in
 * a queue, and no endpoint's rows take more than its queue.
 */
export async function runRetryLoop(ctx: NotifyContext, track: Track): Promise<void> {
  const { retries, queues, logger, term } = ctx;
  const { stopping } = term;
  const reserve = createReservations(ctx, track);
  while (!stopping.aborted) {
    const askedAt = performance.now();
    let atLeastMs = ASK_EVERY_MS;
    let atMostMs = ASK_EVERY_MS;
    try {
      const due = await orAbort(retries.dueEndpoints(ASK_SELDOM_MS), stopping);
      queues.setDue(new Set(due.keys));
      for (const endpointKey of due.keys) reserve(endpointKey);
      atLeastMs = Math.max(
        ASK_EVERY_MS,
        Math.min(REST_FACTOR * (performance.now() - askedAt), LONGEST_REST_MS),
      );
      atMostMs = due.keys.length > 0 ? ASK_EVERY_MS : (due.nextInMs ?? ASK_SELDOM_MS);
    } catch (error) {
      if (stopping.aborted) return;
      logger.warn('database_retry', { what: 'due retries', error });
    }
    const spread = 0.75 + ctx.random() / 2;
    const rest = {
      atLeastMs: spread * atLeastMs,
      atMostMs: Math.max(spread * atLeastMs, atMostMs),
    };
    await retries.changed.sleep(rest, stopping);
  }
}

/** Adds a reservation for an endpoint, unless there are enough. */
function createReservations(ctx: NotifyContext, track: Track): (endpointKey: string) => void {
  const { queues, retries, active, logger, term } = ctx;
  const { stopping } = term;
  const waiting = new Map<string, number>();
  let inAll = 0;
  const change = (endpointKey: string, by: 1 | -1): void => {
    const left = (waiting.get(endpointKey) ?? 0) + by;
    if (left === 0) waiting.delete(endpointKey);
    else waiting.set(endpointKey, left);
    inAll += by;
  };

  const bodies = createByteBudget(CLAIMED_BYTES);
  const use = async (endpointKey: string): Promise<void> => {
    const slot = await queues.take(endpointKey, 'scheduled', stopping);
    change(endpointKey, -1);
    // The row waits where it is: its endpoint is not to be called now.
    if (slot === 'shed' || slot === 'stopped') return;
    const hold = bodies.open();
    try {
      // It stays due: a reservation that waited here would keep the slot from others.
      if (!bodies.hasRoom) return;
      const claimed = await retries.claimDue(endpointKey, active).catch((error: unknown) => {
        logger.warn('database_retry', { what: 'due retries', error });
        return null;
      });
      if (claimed === null) return;
      hold.add(claimed.retry.body.byteLength + weightOfLog(claimed.retry.log));
      reserve(endpointKey);
      reserve(endpointKey);
      const result = await processRetry(claimed, { endpointKey, slot }, ctx);
      if (result !== 'done') reserve(result.movedTo);
    } finally {
      hold.release();
      slot.release();
    }
  };
  const reserve = (endpointKey: string): void => {
    const there = waiting.get(endpointKey) ?? 0;
    // Two always, so that they can become more: those of slow endpoints must not keep those of others away.
    const isEnough =
      there >= queues.maxInFlightPerEndpoint ||
      (there >= ALWAYS_RESERVED && inAll >= queues.maxInFlight);
    if (stopping.aborted || isEnough) return;
    change(endpointKey, 1);
    // At a stop its claim, if it had one, is left to run out: a successor continues.
    track(use(endpointKey).catch(ignoreStopping));
  };
  return reserve;
}
