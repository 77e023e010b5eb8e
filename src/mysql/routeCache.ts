import { LRUCache } from 'lru-cache';
import type { Route, RouteKey } from '../domain/route.ts';
import { RouteUnknown } from '../domain/routeUnknown.ts';
import type { Metrics, RouteSource } from '../pipeline/ports.ts';
import { orAbort } from '../runtime/abort.ts';
import type { Logger } from '../runtime/logger.ts';
import { createKeyTroubles } from './keyTroubles.ts';
import { createOutageGate } from './outageGate.ts';
import { createQuerySlots, NoSlot } from './querySlots.ts';
import { createSharedCalls } from './sharedCalls.ts';

export interface RouteCacheOptions {
  /** Asks the database. Rejects with a `RouteQueryError`, or with the signal's reason. */
  readonly lookup: (key: RouteKey, signal: AbortSignal) => Promise<Route>;
  /** Asks what can't trouble anybody: whether the database answers at all. Rejects with a `RouteQueryError`. */
  readonly check: (signal: AbortSignal) => Promise<void>;
  /** Questions asked at a time at most. */
  readonly slots: number;
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

/** How long it is waited for the answer about a key in trouble. It is asked for longer than that. */
const TROUBLE_PATIENCE_MS = 200;
/** Asking for a key in trouble is given up when nobody has asked for it for so long: it may have waited in an outage. */
const TROUBLE_ASKED_MS = 30_000;
/** A key after whose question nobody was answered so often, though others were before, may be what brings MySQL down. */
const OUTAGES_AT_MOST = 3;
/** An error that took so long is one of those that would hold up others. */
const LONG_MS = 1_000;

/**
 * Remembers answers, asks once for many, and turns an outage into waiting, never into a "no". Only a key that the
 * database trips over, or takes too long for, is given back with `RouteUnknown`.
 */
export function createRouteCache(options: RouteCacheOptions): RouteSource {
  const { lookup, ttlMs, staleMs, metrics, delay } = options;
  const { clock = () => performance.now(), random = Math.random } = options;
  const known = new LRUCache<string, KnownRoute>({ max: Math.max(1, options.size) });
  const gate = createOutageGate({ ...options, clock, random });
  const troubles = createKeyTroubles({ ...options, clock, random });
  const slots = createQuerySlots({ size: options.slots, delay });
  const calls = createSharedCalls<Finding>();
  const inBackground = new Map<string, Promise<Finding>>();

  const age = ({ askedAt }: KnownRoute): number => clock() - askedAt;
  const isStaleUsable = (answer: KnownRoute | undefined): answer is KnownRoute =>
    answer !== undefined && staleMs > 0 && age(answer) <= staleMs;

  const ask = async (key: RouteKey, cacheKey: string, signal: AbortSignal): Promise<Finding> => {
    const account = String(key.accountId);
    let outages = 0;
    for (let hasFailed = false; ;) {
      if (troubles.mustWait(cacheKey)) throw new RouteUnknown();
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
        throw new RouteUnknown();
      }
      const { error } = passage;
      const isLong = tookMs >= LONG_MS && error.code !== 'CONNECTION_SILENT';
      if (isLong) slots.tookTooLong(account);
      if (!hasFailed && !isInTrouble && !isLong && error.code !== 'ROW_INVALID') {
        // Of the connection, or of a moment, perhaps: then it is answered now.
        hasFailed = true;
        continue;
      }
      troubles.failed(cacheKey, key, error);
      throw new RouteUnknown();
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
      if (signal.aborted || error instanceof RouteUnknown) throw error;
      // What is no error of the query at all is a fault in this program: it must not stop the others.
      if (!(error instanceof NoSlot)) troubles.failed(cacheKey, key, error);
      throw new RouteUnknown();
    }
  };

  const askTogether = async (key: RouteKey, cacheKey: string, signal: AbortSignal) =>
    await calls.join(
      cacheKey,
      async (shared) => await askOrGiveBack(key, cacheKey, shared),
      signal,
    );

  /** Nobody waits long for a key in trouble, or those who do would fill the window; the question goes on. */
  const askAboutTrouble = async (
    key: RouteKey,
    cacheKey: string,
    signal: AbortSignal,
  ): Promise<Finding> => {
    if (troubles.mustWait(cacheKey)) throw new RouteUnknown();
    const asking = inBackground.get(cacheKey) ?? askInBackground(key, cacheKey);
    const patience = new AbortController();
    const isOver = delay(TROUBLE_PATIENCE_MS, patience.signal).then(() => {
      throw new RouteUnknown();
    });
    isOver.catch(() => undefined);
    try {
      return await orAbort(Promise.race([asking, isOver]), signal);
    } finally {
      patience.abort();
    }
  };
  const askInBackground = (key: RouteKey, cacheKey: string): Promise<Finding> => {
    const limit = new AbortController();
    const timer = setTimeout(() => limit.abort(new RouteUnknown()), TROUBLE_ASKED_MS).unref();
    const asking = askTogether(key, cacheKey, limit.signal).finally(() => {
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
      metrics.routeLookup(result);
      if (result === 'stale') gate.staleAnswerUsed();
      return route;
    },
  };
}

function cacheKeyOf({ accountId, flowId, deliveryStatus }: RouteKey, byStatus: boolean): string {
  return byStatus ? `${accountId} ${flowId} ${deliveryStatus}` : `${accountId} ${flowId}`;
}
