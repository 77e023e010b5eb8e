import { LRUCache } from 'lru-cache';
import type { RouteKey } from '../domain/route.ts';
import { createBackoff, type Backoff } from '../runtime/backoff.ts';
import { toError } from '../runtime/errors.ts';
import type { Logger } from '../runtime/logger.ts';
import { RouteQueryError } from './errors.ts';

/** Keys the database answers with an error of their own, or not in time. Each is asked for at its own pace. */
export interface KeyTroubles {
  has(cacheKey: string): boolean;
  /** True for a key in trouble that is not to be asked for again as yet. */
  mustWait(cacheKey: string): boolean;
  failed(cacheKey: string, key: RouteKey, error: unknown): void;
  answered(cacheKey: string): void;
}

export interface KeyTroublesOptions {
  readonly clock: () => number;
  readonly random: () => number;
  readonly logger: Logger;
}

interface Trouble {
  readonly backoff: Backoff;
  retryAt: number;
  logAgainAt: number;
}

const minBackoffMs = 200;
const maxBackoffMs = 5000;
/** A key that drops out begins anew with the shortest wait; that is all that is lost. */
const maxKeys = 1000;
const logKeyEveryMs = 60_000;
/** In all: should every key be in trouble, the log says so without being flooded. */
const logEveryMs = 1000;

export function createKeyTroubles(options: KeyTroublesOptions): KeyTroubles {
  const { clock, random, logger } = options;
  const troubles = new LRUCache<string, Trouble>({ max: maxKeys });
  let logAt = -Infinity;

  const newTrouble = (): Trouble => {
    const backoff = createBackoff({ minMs: minBackoffMs, maxMs: maxBackoffMs, random });
    return { backoff, retryAt: 0, logAgainAt: -Infinity };
  };

  return {
    has: (cacheKey) => troubles.has(cacheKey),
    mustWait: (cacheKey) => clock() < (troubles.get(cacheKey)?.retryAt ?? -Infinity),
    failed(cacheKey, { accountId, flowId }, error) {
      const trouble = troubles.get(cacheKey) ?? newTrouble();
      troubles.set(cacheKey, trouble);
      const now = clock();
      trouble.retryAt = now + trouble.backoff.next();
      if (now < trouble.logAgainAt || now < logAt) return;
      trouble.logAgainAt = now + logKeyEveryMs;
      logAt = now + logEveryMs;
      const code = error instanceof RouteQueryError ? error.code : null;
      const problem = toError(error).message;
      logger.warn('route_key_error', { accountId, flowId, code, problem });
    },
    answered(cacheKey) {
      troubles.delete(cacheKey);
    },
  };
}
