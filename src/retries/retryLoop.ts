import type { Slot } from '../endpoints/queue.ts';
import type { NotifyContext } from '../notify/context.ts';
import { ignoreStopping, orAbort } from '../runtime/abort.ts';
import { createTurnstile } from '../runtime/turnstile.ts';
import { createClaimedAhead } from './claimAhead.ts';
import { processRetry } from './processRetry.ts';
import { giveBack, type TakenRetry } from './takeUp.ts';
import type { Track } from './track.ts';

/** How often durable state is asked which endpoints have something due; seldom while none will have soon. */
const ASK_EVERY_MS = 500;
const ASK_SELDOM_MS = 2_000;
/** An answer that took long is asked for less often: so many times its own duration later. */
const REST_FACTOR = 5;
const LONGEST_REST_MS = 5_000;
const ALWAYS_RESERVED = 2;
/**
 * Rows are claimed and checked together, by hundreds. Begun together, their calls and then their answers would fill turns
 * of the event loop of 30 ms each, in which fresh notifications wait: measured, their p50 was twice as long.
 */
const BEGUN_PER_TURN = 8;

/**
 * Serves what waits in the database, until `stopping`. Waits out a database that does not answer.
 *
 * Each endpoint with something due has a reservation in its queue. When a reservation gets a slot, it takes the row
 * that has been due longest, and two new reservations replace it. When nothing is due any more, the reservations run
 * out. Rows are claimed for the slots that there are, and some in advance (`claimAhead.ts`). So a
 * backlog starts slowly, claims don't expire in a queue, and the rows of an endpoint take up no more than its queue.
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
  const { queues, term } = ctx;
  const { stopping } = term;
  /** Reservations in the queues. */
  const waiting = createCounts();
  /** Reservations that have a slot and want a row. */
  const asking = createCounts();
  const isExpected = (endpointKey: string): boolean =>
    waiting.of(endpointKey) + asking.of(endpointKey) > 0;
  const ahead = createClaimedAhead(ctx, { track, isExpected });
  const turnstile = createTurnstile(BEGUN_PER_TURN);

  const use = async (endpointKey: string): Promise<void> => {
    const slot = await queues.take(endpointKey, 'scheduled', stopping);
    waiting.change(endpointKey, -1);
    // The row waits where it is: its endpoint is not to be called now.
    if (slot === 'shed' || slot === 'stopped') await giveBackUnexpected(endpointKey);
    else await callNext(endpointKey, slot).finally(() => slot.release());
  };
  const giveBackUnexpected = async (endpointKey: string): Promise<void> => {
    if (!isExpected(endpointKey)) await ahead.giveBackAll(endpointKey);
  };
  const callNext = async (endpointKey: string, slot: Slot): Promise<void> => {
    asking.change(endpointKey, 1);
    const taken = await ahead.next(endpointKey);
    if (taken !== null) {
      await turnstile.pass();
      reserve(endpointKey);
      reserve(endpointKey);
    }
    asking.change(endpointKey, -1);
    const calling = taken === null ? null : call(taken, { endpointKey, slot });
    await Promise.all([calling, giveBackUnexpected(endpointKey)]);
  };
  const call = async (
    taken: TakenRetry,
    place: Readonly<{ endpointKey: string; slot: Slot }>,
  ): Promise<void> => {
    try {
      const result = await processRetry(taken, place, ctx);
      if (result !== 'done') await lead(result.leadsTo, result.taken);
    } finally {
      ahead.over(place.endpointKey);
    }
  };
  /** The row stays claimed until its turn at the endpoint it leads to, unless enough are waiting there. */
  const lead = async (endpointKey: string, taken: TakenRetry): Promise<void> => {
    reserve(endpointKey);
    if (ahead.add(endpointKey, taken)) return;
    await giveBack(taken, ctx);
    reserve(endpointKey);
  };
  const reserve = (endpointKey: string): void => {
    const there = waiting.of(endpointKey);
    // Two always, so that they can become more: those of slow endpoints must not keep those of others away.
    const isEnough =
      there >= queues.maxInFlightPerEndpoint ||
      (there >= ALWAYS_RESERVED && waiting.inAll >= queues.maxInFlight);
    if (stopping.aborted || isEnough) return;
    waiting.change(endpointKey, 1);
    // At a stop its claim, if it had one, is left to run out: a successor continues.
    track(use(endpointKey).catch(ignoreStopping));
  };
  return reserve;
}

function createCounts() {
  const counts = new Map<string, number>();
  let inAll = 0;
  return {
    of: (endpointKey: string): number => counts.get(endpointKey) ?? 0,
    get inAll() {
      return inAll;
    },
    change(endpointKey: string, by: 1 | -1): void {
      inAll += by;
      const left = (counts.get(endpointKey) ?? 0) + by;
      if (left === 0) counts.delete(endpointKey);
      else counts.set(endpointKey, left);
    },
  };
}
