import { LRUCache } from 'lru-cache';
import type { Route, RouteKey, RouteLookup } from '../domain/route.ts';
import type { RouteSource } from '../ports/notify.ts';
import type { Metrics } from '../ports/telemetry.ts';
import { orAbort } from '../runtime/abort.ts';
import { toError } from '../runtime/errors.ts';
import type { Logger } from '../runtime/logger.ts';
import { createKeyBackoff } from './keyBackoff.ts';
import { createOutageGate } from './outageGate.ts';
import { createQuerySlots, NoSlot } from './querySlots.ts';
import { createSingleflight } from '../runtime/singleflight.ts';

export interface RouteCacheOptions {
  /** Queries the database. Rejects with a `RouteQueryError`, or with the signal's reason. */
  readonly lookup: (key: RouteKey, signal: AbortSignal) => Promise<Route>;
  /** The harmless query: whether the database answers at all. Rejects with a `RouteQueryError`. */
  readonly check: (signal: AbortSignal) => Promise<void>;
  /** The most concurrent queries. */
  readonly slots: number;
  /** Whether answers differ by delivery status. */
  readonly usesDeliveryStatus: boolean;
  /** How long an answer, also a "no", is used without another query. */
  readonly ttlMs: number;
  /** How old an answer may be that is used while the database does not answer. */
  readonly staleMs: number;
  /** Answers kept at most. */
  readonly size: number;
  readonly metrics: Pick<Metrics, 'routeLookup'>;
  readonly logger: Logger;
  readonly delay: (ms: number, signal: AbortSignal) => Promise<void>;
  /** Milliseconds from any fixed point; must not jump. */
  readonly clock?: () => number;
  readonly random?: () => number;
}

interface KnownRoute {
  readonly route: Route;
  readonly askedAt: number;
}

interface Finding {
  readonly route: RouteLookup;
  readonly result: 'miss' | 'stale' | 'unknown';
}

const unknown: Finding = { route: { kind: 'unknown' }, result: 'unknown' };

/** How long a caller waits for the answer about a failing key. The query itself runs longer. */
const TROUBLE_PATIENCE_MS = 200;
/** After this time the query of a failing key is cancelled: it may have waited in an outage. */
const TROUBLE_ASKED_MS = 30_000;
/** A key whose query was followed by an outage this often, though others were answered before, may cause the outages. */
const OUTAGES_AT_MOST = 3;
/** A query that fails after this time would delay others. */
const LONG_MS = 1_000;

/**
 * Caches answers, runs one query for all concurrent callers of a key, and turns an outage into waiting, never into a
 * "no". Only a key that the database answers with an error, or not in time, is returned as unknown.
 *
 * lru-cache's own `fetch` does not fit: all callers of a key would share the first one's signal, where here a query ends
 * when its last caller leaves.
 */
export function createRouteCache(options: RouteCacheOptions): RouteSource {
  const { lookup, ttlMs, staleMs, metrics, delay } = options;
  const { clock = () => performance.now(), random = Math.random } = options;
  const known = new LRUCache<string, KnownRoute>({ max: Math.max(1, options.size) });
  const gate = createOutageGate({ ...options, clock, random });
  const troubles = createKeyBackoff({ ...options, clock, random });
  const slots = createQuerySlots({ size: options.slots, delay });
  const calls = createSingleflight<Finding>();
  const inBackground = new Map<string, Promise<Finding>>();

  const age = ({ askedAt }: KnownRoute): number => clock() - askedAt;
  const isStaleUsable = (answer: KnownRoute | undefined): answer is KnownRoute =>
    answer !== undefined && staleMs > 0 && age(answer) <= staleMs;

  const ask = async (key: RouteKey, cacheKey: string, signal: AbortSignal): Promise<Finding> => {
    const account = String(key.accountId);
    let outages = 0;
    for (let hasFailed = false; ;) {
      if (troubles.mustWait(cacheKey)) return unknown;
      const isInTrouble = troubles.has(cacheKey);
      let askedAt: number | null = null;
      let tookMs = 0;
      const passage = await gate.through(
        async (mayAsk) =>
          await slots.enter(
            { account, isInTrouble },
            async () => {
              if (!mayAsk()) return null;
              askedAt = clock();
              try {
                return { route: await lookup(key, signal), askedAt };
              } finally {
                tookMs = clock() - askedAt;
              }
            },
            signal,
          ),
        signal,
      );
      if (passage.kind === 'answered') {
        slots.answered(account);
        troubles.answered(cacheKey);
        known.set(cacheKey, passage.answer);
        return { route: passage.answer.route, result: 'miss' };
      }
      if (askedAt !== null) metrics.routeLookup('error');
      if (passage.kind === 'outage') {
        const answer = known.get(cacheKey);
        if (isStaleUsable(answer)) return { route: answer.route, result: 'stale' };
        if (passage.hasFailed) outages += 1;
        if (outages < OUTAGES_AT_MOST) continue;
        troubles.failed(cacheKey, key, new Error('MySQL was away each time this was asked'));
        return unknown;
      }
      const { error } = passage;
      const isLong = tookMs >= LONG_MS && error.code !== 'CONNECTION_SILENT';
      if (isLong) slots.tookTooLong(account);
      if (!hasFailed && !isInTrouble && !isLong && error.code !== 'ROW_INVALID') {
        // The error may have been one of the connection, or temporary: then the next try is answered.
        hasFailed = true;
        continue;
      }
      troubles.failed(cacheKey, key, error);
      return unknown;
    }
  };

  const askOrGiveBack = async (
    key: RouteKey,
    cacheKey: string,
    signal: AbortSignal,
  ): Promise<Finding> => {
    try {
      return await ask(key, cacheKey, signal);
    } catch (error) {
      if (signal.aborted) throw error;
      // Anything but a query's error is a bug in this program; it must not stop other keys.
      if (!(error instanceof NoSlot)) troubles.failed(cacheKey, key, error);
      return unknown;
    }
  };

  const askTogether = async (key: RouteKey, cacheKey: string, signal: AbortSignal) =>
    await calls.run(cacheKey, async (shared) => await askOrGiveBack(key, cacheKey, shared), signal);

  /** Callers do not wait long for a failing key, or they would fill the watermark; the query continues. */
  const askAboutTrouble = async (
    key: RouteKey,
    cacheKey: string,
    signal: AbortSignal,
  ): Promise<Finding> => {
    if (troubles.mustWait(cacheKey)) return unknown;
    const asking = inBackground.get(cacheKey) ?? askInBackground(key, cacheKey);
    const patience = new AbortController();
    const isOver = delay(TROUBLE_PATIENCE_MS, patience.signal).then(() => unknown);
    isOver.catch(() => undefined);
    try {
      return await orAbort(Promise.race([asking, isOver]), signal);
    } finally {
      patience.abort();
    }
  };
  const askInBackground = (key: RouteKey, cacheKey: string): Promise<Finding> => {
    const limit = new AbortController();
    const timer = setTimeout(() => limit.abort(), TROUBLE_ASKED_MS).unref();
    const asking = askTogether(key, cacheKey, limit.signal)
      .catch((error: unknown) => {
        if (limit.signal.aborted) return unknown;
        throw toError(error);
      })
      .finally(() => {
        clearTimeout(timer);
        inBackground.delete(cacheKey);
      });
    asking.catch(() => undefined);
    inBackground.set(cacheKey, asking);
    return asking;
  };

  const findAnew = async (
    key: RouteKey,
    cacheKey: string,
    signal: AbortSignal,
  ): Promise<Finding> => {
    const answer = known.get(cacheKey);
    if (gate.mustWait() && isStaleUsable(answer)) return { route: answer.route, result: 'stale' };
    return troubles.has(cacheKey)
      ? await askAboutTrouble(key, cacheKey, signal)
      : await askTogether(key, cacheKey, signal);
  };

  return {
    async find(key, signal) {
      signal.throwIfAborted();
      const cacheKey = cacheKeyOf(key, options.usesDeliveryStatus);
      const answer = known.get(cacheKey);
      if (answer !== undefined && age(answer) < ttlMs) {
        metrics.routeLookup('hit');
        return answer.route;
      }
      const { route, result } = await findAnew(key, cacheKey, signal);
      if (result !== 'unknown') metrics.routeLookup(result);
      if (result === 'stale') gate.staleAnswerUsed();
      return route;
    },
  };
}

function cacheKeyOf({ accountId, flowId, deliveryStatus }: RouteKey, byStatus: boolean): string {
  return byStatus ? `${accountId} ${flowId} ${deliveryStatus}` : `${accountId} ${flowId}`;
}
