import { reasonNow } from '../domain/decision.ts';
import type { Route, RouteKey } from '../domain/route.ts';
import { createDisabledEndpoints } from '../mongo/endpoints.ts';
import type { JobCounts } from '../mongo/jobs.ts';
import type { Queued, Replay, ReplayQueue } from '../mongo/retrySupport.ts';
import type { FoundSms, SmsPages } from '../mongo/smsPages.ts';
import { RouteQueryError } from '../mysql/errors.ts';
import { pause } from '../runtime/abort.ts';
import type { Candidate } from './replayCandidates.ts';
import type { Session } from './session.ts';

/** What a search has come to: how many of each kind, `examined` in all. */
export type Tally = Record<
  'examined' | Exclude<Candidate['kind'], 'enqueue'> | Queued | Obstacle,
  number
>;

export interface EnqueueOptions {
  readonly pages: SmsPages;
  /** Where the first page begins. */
  readonly from: unknown;
  readonly before: JobCounts;
  readonly perSecond: number;
  readonly rows: ReplayQueue;
  readonly isDryRun: boolean;
  toCandidate(found: FoundSms): Candidate;
  /** What of those that would be queued is not to be; nothing where it is not given. */
  readonly findObstacle?: FindObstacle | undefined;
  /** Everything before `from` is in durable state. False to stop. */
  onProgress(tally: Tally, from: unknown): Promise<boolean>;
  readonly stopping: AbortSignal;
}

/** So many at once, and so many a second as they may be: short waits let a stop be quick. */
const BATCHES_PER_SECOND = 5;
const BATCH_AT_MOST = 500;

/**
 * Puts everything that the pages bring into durable state, at a steady rate. Resolves with how many of each kind
 * there were, and whether it came to the end.
 */
export async function enqueueAll(
  options: EnqueueOptions,
): Promise<{ readonly tally: Tally; readonly isFinished: boolean }> {
  const { pages, perSecond, rows, isDryRun, onProgress, stopping } = options;
  const { toCandidate, findObstacle } = options;
  const tally = tallyFrom(options.before);
  const size = Math.min(BATCH_AT_MOST, Math.max(1, Math.floor(perSecond / BATCHES_PER_SECOND)));
  const pace = createPace(perSecond, stopping);

  /** Those in whose way nothing stands. The others are counted by what does, what is settled already first. */
  const sift = async (all: readonly Replay[], find: FindObstacle): Promise<readonly Replay[]> => {
    const clear: Replay[] = [];
    const foreseen = await rows.preview(all);
    for (const [index, replay] of all.entries()) {
      const obstacle = foreseen[index] === 'queued' ? await find(replay) : null;
      if (obstacle === null) clear.push(replay);
      else tally[obstacle] += 1;
    }
    return clear;
  };

  const take = async (batch: readonly FoundSms[]): Promise<number> => {
    const replays: Replay[] = [];
    for (const found of batch) {
      const candidate = toCandidate(found);
      tally.examined += 1;
      if (candidate.kind === 'enqueue') replays.push(candidate.replay);
      else tally[candidate.kind] += 1;
    }
    const clear = findObstacle === undefined ? replays : await sift(replays, findObstacle);
    const queued = isDryRun ? await rows.preview(clear) : await rows.add(clear);
    for (const each of queued) tally[each] += 1;
    return queued.filter((each) => each === 'queued').length;
  };

  for (let reading = pages.page(options.from); ;) {
    const { found, next } = await reading;
    for (let start = 0; start < found.length; start += size) {
      if (stopping.aborted) return { tally, isFinished: false };
      // The next page is read while the last batch of this one is queued.
      if (next !== null && start + size >= found.length) reading = readAhead(pages, next.from);
      const queued = await take(found.slice(start, start + size));
      const following = found[start + size];
      const reached = following === undefined ? next : { from: following.at };
      if (reached !== null && !(await onProgress(tally, reached.from))) {
        return { tally, isFinished: false };
      }
      if (!isDryRun) await pace(queued);
    }
    if (next === null) return { tally, isFinished: true };
    const goesOn = found.length > 0 || (await onProgress(tally, next.from));
    if (stopping.aborted || !goesOn) return { tally, isFinished: false };
    if (found.length === 0) reading = pages.page(next.from);
  }
}

function readAhead(pages: SmsPages, from: unknown): ReturnType<SmsPages['page']> {
  const reading = pages.page(from);
  // The caller that awaits it handles its error.
  reading.catch(() => undefined);
  return reading;
}

function tallyFrom(before: JobCounts): Tally {
  const kinds = [
    'examined',
    'queued',
    'queued_before',
    'waiting',
    'ended',
    'too_large',
    'unusable',
    'filtered',
    'unplaceable',
    'outside',
    ...obstacles,
  ] as const;
  const entries = kinds.map((kind) => [kind, before[kind] ?? 0] as const);
  return Object.fromEntries(entries) as Tally;
}

/** Waits so that no more than so many a second have gone by; a stop cuts the wait short. */
function createPace(perSecond: number, stopping: AbortSignal): (count: number) => Promise<void> {
  let dueAt = performance.now();
  return async (count) => {
    const now = performance.now();
    dueAt = Math.max(dueAt, now - 1_000) + (1_000 * count) / perSecond;
    if (dueAt <= now) return;
    await pause(dueAt - now, stopping);
  };
}

/** Why the worker, as things are, would call nobody. `route_unknown`: MySQL can't answer for this account and flow. */
export const obstacles = [
  'not_opted_in',
  'no_default_webhook',
  'flow_webhook_disabled',
  'invalid_webhook',
  'endpoint_disabled',
  'route_unknown',
] as const;
type Obstacle = (typeof obstacles)[number];

/** Rejects when a database does not answer. */
export type FindObstacle = (replay: Replay) => Promise<Obstacle | null>;

/** For calls that have limits of their own: a stop lets them end. */
const never = new AbortController().signal;

/** Asks once for each account and flow within `ROUTE_CACHE_TTL`, as the worker does. */
export async function createObstacles(session: Session): Promise<FindObstacle> {
  const { ttlMs, maxEntries } = session.config.routeCache;
  const endpoints = createDisabledEndpoints((await session.mongo()).state.endpoints);
  const query = session.routeQuery();
  const known = new Map<string, { readonly found: Obstacle | null; readonly at: number }>();

  const ask = async (key: RouteKey): Promise<Obstacle | null> => {
    let route: Route;
    try {
      route = await query.run(key, never);
    } catch (error) {
      if (error instanceof RouteQueryError && error.kind === 'key') return 'route_unknown';
      throw error;
    }
    const isDisabled =
      route.kind === 'open' && (await endpoints.isDisabled(route.webhook.endpointKey));
    return reasonNow(route, isDisabled);
  };

  return async ({ accountId, flowId, subject: { deliveryStatus } }) => {
    const name = JSON.stringify(
      query.usesDeliveryStatus ? [accountId, flowId, deliveryStatus] : [accountId, flowId],
    );
    const before = known.get(name);
    if (before !== undefined && performance.now() - before.at < ttlMs) return before.found;
    const found = await ask({ accountId, flowId, deliveryStatus });
    if (known.size >= maxEntries) known.clear();
    known.set(name, { found, at: performance.now() });
    return found;
  };
}
