import { pause } from '../runtime/abort.ts';
import type { NotifyContext } from './context.ts';

/** How soon a renewal that failed is made again. */
const AGAIN_AFTER_MS = 1_000;

/**
 * Keeps the claims of what is under way from running out, until `ended`: also after a stop, while calls still
 * run and their outcomes are written. One that has run out is renewed all the same, while nobody else has claimed
 * its row: a database may be away for longer than a claim holds.
 */
export async function renewClaims(
  { retries, claims, logger }: Pick<NotifyContext, 'retries' | 'claims' | 'logger'>,
  ended: AbortSignal,
): Promise<void> {
  let waitMs = retries.renewEveryMs;
  while (!ended.aborted) {
    await pause(waitMs, ended);
    if (ended.aborted) return;
    waitMs = retries.renewEveryMs;
    if (claims.size === 0) continue;
    try {
      await retries.renew(claims);
    } catch (error) {
      logger.warn('database_retry', { what: 'claims', error });
      waitMs = Math.min(waitMs, AGAIN_AFTER_MS);
    }
  }
}
