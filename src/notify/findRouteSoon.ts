import type { RouteKey, RouteLookup } from '../domain/route.ts';
import { onAbort } from '../runtime/abort.ts';
import { toError } from '../runtime/errors.ts';
import type { NotifyContext } from './context.ts';

const unknown = { kind: 'unknown' } as const;

/** A route as it is now; also unknown when MySQL does not answer in time, or a stop comes first. */
export async function findRouteSoon(
  key: RouteKey,
  { routes, term: { stopping }, policy }: NotifyContext,
): Promise<RouteLookup> {
  if (stopping.aborted) return unknown;
  // Not `AbortSignal.any`: what is listened to and depends on a signal that lives long is never forgotten.
  const patience = new AbortController();
  const giveUp = (): void => patience.abort();
  const timer = setTimeout(giveUp, policy.routePatienceMs);
  const forget = onAbort(stopping, giveUp);
  try {
    return await routes.find(key, patience.signal);
  } catch (error) {
    if (patience.signal.aborted) return unknown;
    throw toError(error);
  } finally {
    clearTimeout(timer);
    forget();
  }
}
