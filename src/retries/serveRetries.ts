import type { NotifyContext } from '../notify/context.ts';
import { renewClaims } from '../notify/renewClaims.ts';
import type { Tasks } from '../runtime/tasks.ts';
import { askForRoutes } from './askForRoutes.ts';
import { watchBlockedRetries } from './blockedRetries.ts';
import { runRetryLoop } from './retryLoop.ts';

/** Serves what waits in the database, until the term is stopping. What has begun by then is tracked by `tasks`. */
export async function serveRetries(ctx: NotifyContext, { track }: Tasks): Promise<void> {
  await Promise.all([runRetryLoop(ctx, track), watchBlockedRetries(ctx, track), askForRoutes(ctx)]);
}

/** Keeps the claims of what is under way from running out while `work` goes on. */
export async function keepingClaims(ctx: NotifyContext, work: () => Promise<void>): Promise<void> {
  const ended = new AbortController();
  void renewClaims(ctx, ended.signal);
  try {
    await work();
  } finally {
    ended.abort();
  }
}
