import { LRUCache } from 'lru-cache';
import type { Route, RouteKey } from '../domain/route.ts';
import { RouteUnknown } from '../domain/routeUnknown.ts';
import type { Metrics, RouteSource } from '../pipeline/ports.ts';
import type { Logger } from '../runtime/logger.ts';
import { RouteQueryError } from './errors.ts';
import { createKeyTroubles } from './keyTroubles.ts';
import { createOutageGate } from './outageGate.ts';
import { createSharedCalls } from './sharedCalls.ts';

export interface RouteCacheOptions {
  /** Asks the database. Rejects with a `RouteQueryError`, or with the signal's reason. */
  readonly lookup: (key: RouteKey, signal: AbortSignal) => Promise<Route>;
  /** Whether answers differ by delivery status. */
  readonly usesDeliveryStatus: boolean;
  /** How long an answer, also a "no", is given without asking again. */
  readonly ttlMs: number;
  /** How old an answer may be that is given while the database does not answer. */
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
  readonly route: Route;
  readonly result: 'miss' | 'stale';
}

/**
 * Remembers answers, asks once for many, and turns an outage into waiting, never into a "no". Only a key
 * that the database trips over is given back at once, with `RouteUnknown`.
 */
export function createRouteCache(options: RouteCacheOptions): RouteSource {
  const { lookup, ttlMs, staleMs, metrics } = options;
  const { clock = () => performance.now(), random = Math.random } = options;
  const known = new LRUCache<string, KnownRoute>({ max: Math.max(1, options.size) });
  const gate = createOutageGate({ ...options, clock, random });
  const troubles = createKeyTroubles({ ...options, clock, random });
  const calls = createSharedCalls<Finding>();

  const age = ({ askedAt }: KnownRoute): number => clock() - askedAt;
  const isStaleUsable = (answer: KnownRoute | undefined): answer is KnownRoute =>
    answer !== undefined && staleMs > 0 && age(answer) <= staleMs;

  const ask = async (key: RouteKey, cacheKey: string, signal: AbortSignal): Promise<Finding> => {
    for (;;) {
      if (troubles.mustWait(cacheKey)) throw new RouteUnknown();
      try {
        const answer = await gate.through(async () => {
          const askedAt = clock();
          return { route: await lookup(key, signal), askedAt };
        }, signal);
        troubles.answered(cacheKey);
        known.set(cacheKey, answer);
        return { route: answer.route, result: 'miss' };
      } catch (error) {
        signal.throwIfAborted();
        metrics.routeLookup('error');
        const answer = known.get(cacheKey);
        if (concernsOneKey(error)) {
          troubles.failed(cacheKey, key, error);
          throw new RouteUnknown();
        }
        if (isStaleUsable(answer)) return { route: answer.route, result: 'stale' };
      }
    }
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
      const { route, result }: Finding =
        gate.mustWait() && isStaleUsable(answer)
          ? { route: answer.route, result: 'stale' }
          : await calls.join(cacheKey, async (shared) => await ask(key, cacheKey, shared), signal);
      metrics.routeLookup(result);
      if (result === 'stale') gate.staleAnswerUsed();
      return route;
    },
  };
}

function cacheKeyOf({ accountId, flowId, deliveryStatus }: RouteKey, byStatus: boolean): string {
  return byStatus ? `${accountId} ${flowId} ${deliveryStatus}` : `${accountId} ${flowId}`;
}

/** What is no error of the query at all is a fault in this program: it must not stop the others. */
function concernsOneKey(error: unknown): boolean {
  return !(error instanceof RouteQueryError) || error.kind === 'key';
}
