import {
  readBlockedEndpoints,
  type BlockedEndpoints,
  type DisabledEndpoint,
  type OpenBreaker,
} from '../mongo/blockedEndpoints.ts';
import {
  createRetryList,
  type RetryCounts,
  type RetryFacts,
  type RetryScope,
} from '../mongo/retrySupport.ts';
import { isWorking, readOverview } from '../mongo/workerState.ts';
import { NO_ENDPOINT } from '../ports/retries.ts';
import { toError } from '../runtime/errors.ts';
import type { Session } from './session.ts';
import { count, endpointText, several, whyBlocked, type Times } from './words.ts';

/** One that waits, and what stands in its way. */
export type ListedRetry = RetryFacts & { readonly blockedBy: BlockedBy };

/** Those due first, how many there are in all, and what stands in their way. */
export async function listRetries(session: Session, scope: RetryScope, limit: number) {
  const { state } = await session.mongo();
  const list = createRetryList(state.retries);
  const [counts, found, blocked] = await Promise.all([
    list.countBy(scope),
    list.list(scope, limit),
    readBlockedEndpoints(state, scope),
  ]);
  const obstacles = await gatherObstacles(session, { counts, blocked });
  const retries = found.map((row) => ({ ...row, blockedBy: blockedBy(row, blocked) }));
  return { count: allOf(counts), retries, obstacles };
}

/** Makes those due now that wait; in a dry run only counts them. */
export async function makeRetriesDue(session: Session, scope: RetryScope, dryRun: boolean) {
  const { state } = await session.mongo();
  const list = createRetryList(state.retries);
  const counts = await list.countBy(scope);
  const due = dryRun ? counts.waiting : await list.makeDue(scope);
  const blocked = await readBlockedEndpoints(state, scope);
  const obstacles = await gatherObstacles(session, { counts, blocked });
  const data = { dryRun, due, alreadyDue: counts.due, beingCalled: counts.called, obstacles };
  if (allOf(counts) === 0 && due === 0) return { data, sentence: 'Nothing is waiting.' };
  const done = `${several(due, 'notification')} ${dryRun ? 'would be made due' : 'made due'}`;
  const others = [
    ...(counts.due === 0 ? [] : [`${count(counts.due)} already due`]),
    ...(counts.called === 0 ? [] : [`${count(counts.called)} being called`]),
  ];
  const then = obstacles.length === 0 && !dryRun ? ' The worker will make the calls.' : '';
  return { data, sentence: `${[done, ...others].join(', ')}.${then}` };
}

function allOf({ waiting, due, called }: RetryCounts): number {
  return waiting + due + called;
}

/** What keeps notifications in durable state from being called, as it is now. */
export type Obstacle =
  | OpenBreaker
  | DisabledEndpoint
  /** Where they lead could not be looked up as yet; `error`: why MySQL can't be asked now, null when it can. */
  | Readonly<{ kind: 'route_unknown'; waiting: number; error: string | null }>
  | Readonly<{ kind: 'no_worker'; waiting: number }>;

/**
 * In one sentence or more, with whose it is and what helps.
 *
 * @param why says what of an endpoint; with the command that helps unless it is given
 */
export function obstacleText(obstacle: Obstacle, times: Times, why = whyBlocked): string {
  const { waiting } = obstacle;
  switch (obstacle.kind) {
    case 'breaker_open':
    case 'endpoint_disabled':
      return `${endpointText(obstacle)}: ${why(obstacle, times)}`;
    case 'route_unknown': {
      const wait = `${several(waiting, 'notification')} ${waiting === 1 ? 'waits' : 'wait'}`;
      return obstacle.error === null
        ? `${wait} for MySQL's answer about their route; MySQL answers now, and the worker queries it again soon.`
        : `${wait} for MySQL's answer about their route: ${obstacle.error}`;
    }
    case 'no_worker':
      return 'No worker is active: start one.';
    default:
      return obstacle satisfies never;
  }
}

/** What stands in the way of a row that waits; null when nothing does. */
type BlockedBy = 'breaker_open' | 'endpoint_disabled' | 'route_unknown' | null;

/** `blocked`: the endpoints that are not called, with how many wait there of those that are meant. */
function blockedBy(
  { endpoint }: Pick<RetryFacts, 'endpoint'>,
  blocked: BlockedEndpoints,
): BlockedBy {
  if (endpoint === null) return null;
  return endpoint === NO_ENDPOINT ? 'route_unknown' : (blocked.get(endpoint)?.kind ?? null);
}

/** All that stands in the way of those that wait; each names how many it concerns. */
async function gatherObstacles(
  session: Session,
  { counts, blocked }: Readonly<{ counts: RetryCounts; blocked: BlockedEndpoints }>,
): Promise<readonly Obstacle[]> {
  const { waiting, due, routeUnknown } = counts;
  if (waiting + due === 0) return [];
  const { state } = await session.mongo();
  const [overview, error] = await Promise.all([
    readOverview(state),
    routeUnknown === 0 ? null : whyNotAsked(session),
  ]);
  return [
    ...(isWorking(overview) ? [] : [{ kind: 'no_worker', waiting: waiting + due } as const]),
    ...[...blocked.values()].filter((endpoint) => endpoint.waiting > 0),
    ...(routeUnknown === 0
      ? []
      : [{ kind: 'route_unknown', waiting: routeUnknown, error } as const]),
  ];
}

/** Null when MySQL answers. */
async function whyNotAsked({ routeQuery, stopping }: Session): Promise<string | null> {
  try {
    await routeQuery().check(stopping);
    return null;
  } catch (error) {
    return toError(error).message;
  }
}
