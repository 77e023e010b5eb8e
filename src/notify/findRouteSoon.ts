import type { RouteKey, RouteLookup } from '../domain/route.ts';
import { withPatience } from '../runtime/abort.ts';
import { toError } from '../runtime/errors.ts';
import type { NotifyContext } from './context.ts';

const unknown = { kind: 'unknown' } as const;

/** A route as it is now; also unknown when MySQL does not answer in time, or a stop comes first. */
export async function findRouteSoon(
  key: RouteKey,
  { routes, term: { stopping }, policy }: NotifyContext,
): Promise<RouteLookup> {
  if (stopping.aborted) return unknown;
  return await withPatience(policy.routePatienceMs, stopping, async (patience) => {
    try {
      return await routes.find(key, patience);
    } catch (error) {
      if (patience.aborted) return unknown;
      throw toError(error);
    }
  });
}
