import { LRUCache } from 'lru-cache';
import type { RouteKey } from '../domain/route.ts';
import { toError } from '../runtime/errors.ts';
import type { Logger } from '../runtime/logger.ts';
import { createBackoff, type Backoff } from '../runtime/retry.ts';
import { RouteQueryError } from './errors.ts';

interface FailingKey {
  readonly backoff: Backoff;
  retryAt: number;
  logAgainAt: number;
}

const backoffRange = { minMs: 200, maxMs: 5_000 } as const;
/** A key that is dropped starts again with the shortest wait; nothing else is lost. */
const KEYS_AT_MOST = 1_000;
const LOG_KEY_EVERY_MS = 60_000;
/** For all keys together: if every key fails, the log says so without being flooded. */
const LOG_EVERY_MS = 1_000;

/** The keys that the database answers with an error of their own, or not in time. Each is retried at its own pace. */
export function createKeyBackoff({
  clock,
  random,
  logger,
}: {
  readonly clock: () => number;
  readonly random: () => number;
  readonly logger: Logger;
}) {
  const failing = new LRUCache<string, FailingKey>({ max: KEYS_AT_MOST });
  let logAt = -Infinity;

  const newFailingKey = (): FailingKey => {
    const backoff = createBackoff({ ...backoffRange, random });
    return { backoff, retryAt: 0, logAgainAt: -Infinity };
  };

  return {
    has: (cacheKey: string): boolean => failing.has(cacheKey),
    /** Whether the key fails and must not be queried yet. */
    mustWait: (cacheKey: string): boolean =>
      clock() < (failing.get(cacheKey)?.retryAt ?? -Infinity),
    failed(cacheKey: string, { accountId, flowId }: RouteKey, error: unknown): void {
      const key = failing.get(cacheKey) ?? newFailingKey();
      failing.set(cacheKey, key);
      const now = clock();
      key.retryAt = now + key.backoff.next();
      if (now < key.logAgainAt || now < logAt) return;
      key.logAgainAt = now + LOG_KEY_EVERY_MS;
      logAt = now + LOG_EVERY_MS;
      const code = error instanceof RouteQueryError ? error.code : null;
      const problem = toError(error).message;
      logger.warn('route_key_error', { accountId, flowId, code, problem });
    },
    answered: (cacheKey: string): boolean => failing.delete(cacheKey),
  };
}
