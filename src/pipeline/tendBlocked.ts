import { delay, orAbort, Stopping } from '../runtime/abort.ts';
import { toError } from '../runtime/errors.ts';
import type { RedeliverDeps } from './redeliverDue.ts';
import { findRouteSoon, serveRow } from './serveRow.ts';

/** How often what waits is looked at. */
const LOOK_EVERY_MS = 5_000;
/** Rows that have expired are ended so many at a time. */
const EXPIRED_LIMIT = 100;

export interface TendBlockedDeps extends RedeliverDeps {
  /** The routes of what waits behind an open breaker are looked up again at most so often. */
  readonly routeCacheTtlMs: number;
}

/**
 * Sees to the rows that are due and not called because their endpoint's breaker is open, until `stopping`:
 * those that have waited too long end as expired, those that lead elsewhere by now move there.
 */
export async function tendBlocked(deps: TendBlockedDeps): Promise<void> {
  const { logger, stopping, lanes } = deps;
  const followedAt = new Map<string, number>();
  while (!stopping.aborted) {
    await delay(LOOK_EVERY_MS, stopping).catch(() => undefined);
    if (stopping.aborted) return;
    try {
      if (lanes.due.size > 0) await endExpired(deps);
      const { blocked } = lanes;
      for (const endpointKey of followedAt.keys()) {
        if (!blocked.includes(endpointKey)) followedAt.delete(endpointKey);
      }
      for (const endpointKey of blocked) {
        const sinceMs = performance.now() - (followedAt.get(endpointKey) ?? -Infinity);
        if (sinceMs < deps.routeCacheTtlMs) continue;
        followedAt.set(endpointKey, performance.now());
        await followRoutes(endpointKey, deps);
      }
    } catch (error) {
      if (error instanceof Stopping) return;
      logger.warn('database_retry', { what: 'blocked retries', error });
    }
  }
}

/** There is no call to make, so none of them needs a slot. */
async function endExpired(deps: TendBlockedDeps): Promise<void> {
  const { retries, giveUpAfterMs, track, stopping, underWay, clock } = deps;
  const slot = { answered: () => undefined, release: () => undefined };
  const place = { endpointKey: null, slot };
  for (let isMore = true; isMore && !stopping.aborted;) {
    const claimed = await retries.claimAcceptedBefore(
      new Date(clock.now() - giveUpAfterMs),
      EXPIRED_LIMIT,
      underWay,
    );
    const serving = claimed.map(async (row) => {
      await serveRow(row, place, { ...deps, issue: () => undefined });
    });
    const all = Promise.all(serving).then(() => undefined);
    track(all.catch(unlessStopping));
    await all;
    // Fewer than the limit when their bodies are large.
    isMore = claimed.length > 0;
  }
}

/** An endpoint that is dead for good is often one whose webhook has been changed. */
async function followRoutes(endpointKey: string, deps: TendBlockedDeps): Promise<void> {
  const { retries, stopping } = deps;
  for (const key of await orAbort(retries.routeKeysOf(endpointKey), stopping)) {
    const route = await findRouteSoon(key, deps);
    if (route?.kind !== 'open' || route.webhook.endpointKey === endpointKey) continue;
    await retries.move(endpointKey, key, route.webhook);
  }
}

function unlessStopping(error: unknown): void {
  if (!(error instanceof Stopping)) throw toError(error);
}
