import { weightOfLog } from '../domain/weight.ts';
import { orAbort, Stopping } from '../runtime/abort.ts';
import { createByteBudget } from '../runtime/byteBudget.ts';
import { toError } from '../runtime/errors.ts';
import { NoRoom } from './lanes.ts';
import { serveRow, type ServeRowDeps } from './serveRow.ts';

/** How often durable state is asked which endpoints have something due; seldom while none will have soon. */
const ASK_EVERY_MS = 500;
const ASK_SELDOM_MS = 2_000;
/** An answer that took long is asked for less often: so many times its own duration later. */
const REST_FACTOR = 5;
const LONGEST_REST_MS = 5_000;
const ALWAYS_STANDING = 2;
/** What the bodies of claimed rows, and the responses they have had, may take together. */
const CLAIMED_BYTES = 32 * 1024 * 1024;

export interface RedeliverDeps extends Omit<ServeRowDeps, 'issue'> {
  /** Told of everything begun, so that a stop can wait for it. */
  track(task: Promise<void>): void;
}

/**
 * Serves what waits in durable state, until `stopping`. Waits out a database that does not answer.
 *
 * A row is claimed only when there is a slot to call it in. So for each endpoint with something due a ticket
 * stands in the line of its lane; when its turn comes it claims the row that has been due longest, and two
 * more tickets take its place. With nothing due any more they run out. Hence a backlog is not begun all at
 * once, claims don't run out in a line, and no endpoint's rows take more than its lane.
 */
export async function redeliverDue(deps: RedeliverDeps): Promise<void> {
  const { retries, lanes, logger, stopping } = deps;
  const issue = createTickets(deps);
  while (!stopping.aborted) {
    const askedAt = performance.now();
    let atLeastMs = ASK_EVERY_MS;
    let atMostMs = ASK_EVERY_MS;
    try {
      const due = await orAbort(retries.dueEndpoints(ASK_SELDOM_MS), stopping);
      lanes.dueAre(new Set(due.keys));
      for (const endpointKey of due.keys) issue(endpointKey);
      atLeastMs = Math.max(
        ASK_EVERY_MS,
        Math.min(REST_FACTOR * (performance.now() - askedAt), LONGEST_REST_MS),
      );
      atMostMs = due.keys.length > 0 ? ASK_EVERY_MS : (due.nextInMs ?? ASK_SELDOM_MS);
    } catch (error) {
      if (stopping.aborted) return;
      logger.warn('database_retry', { what: 'due retries', error });
    }
    const spread = 0.75 + deps.random() / 2;
    const rest = {
      atLeastMs: spread * atLeastMs,
      atMostMs: Math.max(spread * atLeastMs, atMostMs),
    };
    await retries.news.rest(rest, stopping).catch(() => undefined);
  }
}

/** Adds a ticket for an endpoint, unless there are enough. */
function createTickets(deps: RedeliverDeps): (endpointKey: string) => void {
  const { lanes, stopping, logger, track } = deps;
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
    const slot = await lanes
      .take(endpointKey, 'row', stopping)
      .catch(nullWhenNoRoom)
      .finally(() => change(endpointKey, -1));
    if (slot === null) return;
    const hold = bodies.open();
    try {
      // It stays due: a ticket that waited here would keep the slot from others.
      if (!bodies.hasRoom) return;
      const claimed = await deps.retries
        .claimDue(endpointKey, deps.underWay)
        .catch((error: unknown) => {
          logger.warn('database_retry', { what: 'due retries', error });
          return null;
        });
      if (claimed === null) return;
      hold.add(claimed.parked.body.byteLength + weightOfLog(claimed.parked.log));
      issue(endpointKey);
      issue(endpointKey);
      await serveRow(claimed, { endpointKey, slot }, { ...deps, issue });
    } finally {
      hold.release();
      slot.release();
    }
  };
  const issue = (endpointKey: string): void => {
    const standing = waiting.get(endpointKey) ?? 0;
    // Two always, so that they can become more: the tickets of slow endpoints must not keep those of others away.
    const isEnough =
      standing >= lanes.maxInFlightPerEndpoint ||
      (standing >= ALWAYS_STANDING && inAll >= lanes.maxInFlight);
    if (stopping.aborted || isEnough) return;
    change(endpointKey, 1);
    track(use(endpointKey).catch(unlessStopping(stopping)));
  };
  return issue;
}

/** The row waits where it is: its endpoint is not to be called now. */
function nullWhenNoRoom(error: unknown): null {
  if (error instanceof NoRoom) return null;
  throw toError(error);
}

/** What had a claim leaves it to run out: a successor goes on. */
function unlessStopping(stopping: AbortSignal): (error: unknown) => void {
  return (error) => {
    if (!(stopping.aborted && error instanceof Stopping)) throw toError(error);
  };
}
