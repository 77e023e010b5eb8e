import type { RouteKey } from '../domain/route.ts';
import { orAbort, pause } from '../runtime/abort.ts';
import type { NotifyContext } from '../notify/context.ts';
import { findRouteSoon } from '../notify/findRouteSoon.ts';

/** How often it is looked what waits, and at most, where that takes long: then so many times its own duration later. */
const LOOK_EVERY_MS = 1_000;
/** Where nothing did: an idle worker is to ask little. */
const LOOK_IDLY_MS = 5_000;
const REST_FACTOR = 5;
const LONGEST_REST_MS = 10_000;
/** Keys that are asked about at a time: connections are left for whoever is new. */
const ASKED_AT_ONCE = 2;
/** After that it is looked again, since what was asked last may take as long as MySQL does. */
const ROUND_MS = 5_000;

/**
 * Asks for the routes that rows in durable state wait for, whoever put them there, until `stopping`: each once for all
 * its rows, however many, and at the pace at which `RouteSource` lets a key in trouble be asked about. Rows whose route
 * is known wait no longer. Without it each would be asked about by itself, less and less often.
 */
export async function askForRoutes(ctx: NotifyContext): Promise<void> {
  const { retries, logger, term } = ctx;
  const { stopping } = term;
  let restMs = LOOK_EVERY_MS;
  while (!stopping.aborted) {
    await pause(restMs, stopping);
    if (stopping.aborted) return;
    const begunAt = performance.now();
    try {
      const keys = await orAbort(retries.awaitedRoutes(), stopping);
      const tookMs = performance.now() - begunAt;
      const least = keys.length === 0 ? LOOK_IDLY_MS : LOOK_EVERY_MS;
      restMs = Math.max(least, Math.min(REST_FACTOR * tookMs, LONGEST_REST_MS));
      await askAbout(keys, ctx);
    } catch (error) {
      if (stopping.aborted) return;
      logger.warn('database_retry', { what: 'awaited routes', error });
    }
  }
}

/** About as many as there is time for; the others have their turn another time. */
async function askAbout(keys: readonly RouteKey[], ctx: NotifyContext): Promise<void> {
  const { retries, term } = ctx;
  const { stopping } = term;
  const left = keys.values();
  const until = performance.now() + ROUND_MS;
  const ask = async (): Promise<void> => {
    for (const key of left) {
      const route = await findRouteSoon(key, ctx);
      if (stopping.aborted) return;
      if (route.kind !== 'unknown') {
        const to = route.kind === 'open' ? route.webhook : null;
        await orAbort(retries.endWaitForRoute(key, to), stopping);
      }
      if (performance.now() > until) return;
    }
  };
  await Promise.all(Array.from({ length: ASKED_AT_ONCE }, ask));
}
