import { ignoreStopping, orAbort, pause, Stopping } from '../runtime/abort.ts';
import { findRouteSoon } from '../notify/findRouteSoon.ts';
import type { NotifyContext } from '../notify/context.ts';
import type { ClaimedRetry } from '../ports/retries.ts';
import { processRetry } from './processRetry.ts';
import { giveBack, takeUp } from './takeUp.ts';
import type { Track } from './track.ts';

/** How often what waits is looked at. */
const LOOK_EVERY_MS = 5_000;
/** Rows that have expired are ended so many at a time. */
const EXPIRED_LIMIT = 100;

/**
 * Sees to the rows that are due and not called because their endpoint's breaker is open, until `stopping`:
 * those that have waited too long end as expired, those that lead elsewhere by now move there.
 */
export async function watchBlockedRetries(ctx: NotifyContext, track: Track): Promise<void> {
  const { logger, queues, policy, term } = ctx;
  const { stopping } = term;
  const followedAt = new Map<string, number>();
  while (!stopping.aborted) {
    await pause(LOOK_EVERY_MS, stopping);
    if (stopping.aborted) return;
    try {
      if (queues.due.size > 0) await endExpired(ctx, track);
      const { blocked } = queues;
      for (const endpointKey of followedAt.keys()) {
        if (!blocked.includes(endpointKey)) followedAt.delete(endpointKey);
      }
      for (const endpointKey of blocked) {
        const sinceMs = performance.now() - (followedAt.get(endpointKey) ?? -Infinity);
        if (sinceMs < policy.routeCacheTtlMs) continue;
        followedAt.set(endpointKey, performance.now());
        await reroute(endpointKey, ctx);
      }
    } catch (error) {
      if (error instanceof Stopping) return;
      logger.warn('database_retry', { what: 'blocked retries', error });
    }
  }
}

/** There is no call to make, so none of them needs a slot. */
async function endExpired(ctx: NotifyContext, track: Track): Promise<void> {
  const { retries, policy, term, active, clock } = ctx;
  for (let isMore = true; isMore && !term.stopping.aborted;) {
    const claimed = await retries.claimAcceptedBefore(
      new Date(clock.now() - policy.giveUpAfterMs),
      EXPIRED_LIMIT,
      active,
    );
    const serving = Promise.all(claimed.map(async (row) => await endOne(row, ctx)));
    const all = serving.then(() => undefined);
    track(all.catch(ignoreStopping));
    await all;
    // Fewer than the limit when their bodies are large.
    isMore = claimed.length > 0;
  }
}

async function endOne(claimed: ClaimedRetry, ctx: NotifyContext): Promise<void> {
  const taken = await takeUp(claimed, ctx);
  if (taken === null) return;
  const result = await processRetry(taken, null, ctx);
  if (result !== 'done') await giveBack(result.taken, ctx);
}

/** An endpoint that is dead for good is often one whose webhook has been changed. */
async function reroute(endpointKey: string, ctx: NotifyContext): Promise<void> {
  const { retries, term } = ctx;
  for (const key of await orAbort(retries.routeKeysOf(endpointKey), term.stopping)) {
    const route = await findRouteSoon(key, ctx);
    if (route.kind !== 'open' || route.webhook.endpointKey === endpointKey) continue;
    await retries.move(endpointKey, key, route.webhook);
  }
}
