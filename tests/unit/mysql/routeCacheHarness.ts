import { setImmediate as turn } from 'node:timers/promises';
import type { Route, RouteKey, RouteLookup } from '../../../src/domain/route.ts';
import { RouteQueryError, type RouteErrorKind } from '../../../src/mysql/errors.ts';
import { createRouteCache, type RouteCacheOptions } from '../../../src/mysql/routeCache.ts';
import { createMemoryLogger } from '../../support/memoryLogger.ts';

/** A question that reached the database and waits for the test to answer it. */
export interface Question extends Check {
  readonly key: RouteKey;
  answer(route: Route): Promise<void>;
}

/** The harmless question. */
interface Check {
  readonly signal: AbortSignal;
  fail(kind: RouteErrorKind, code?: string): Promise<void>;
}

export const no: Route = { kind: 'notOptedIn' };
export const noWebhook: Route = { kind: 'missing', reason: 'no_default_webhook' };

export function keyOf(accountId: number | string, deliveryStatus = 'DELIVERED'): RouteKey {
  return { accountId, flowId: 200, deliveryStatus };
}

/** A route cache in a time that only the test moves, before a database that the test plays. */
export function startRouteCache(options: Partial<RouteCacheOptions> = {}) {
  const time = createFakeTime();
  const questions: Question[] = [];
  const checks: (Check & { succeed(): Promise<void> })[] = [];
  const put = async <Answer>(signal: AbortSignal, take: (asked: Asked<Answer>) => void) =>
    await new Promise<Answer>((resolve, reject) => {
      const withdraw = (): void => reject(new Error('the question was withdrawn'));
      signal.addEventListener('abort', withdraw);
      take({
        signal,
        async answer(answer) {
          signal.removeEventListener('abort', withdraw);
          resolve(answer);
          await settled();
        },
        async fail(kind, code = 'CODE') {
          signal.removeEventListener('abort', withdraw);
          reject(new RouteQueryError(kind, code, `a problem of the kind ${kind}`));
          await settled();
        },
      });
    });
  const logger = createMemoryLogger();
  const counted = { hit: 0, miss: 0, stale: 0, error: 0 };
  const cache = createRouteCache({
    lookup: async (key, signal) =>
      await put<Route>(signal, (asked) => questions.push({ key, ...asked })),
    check: async (signal) =>
      await put<undefined>(signal, (asked) =>
        checks.push({ ...asked, succeed: async () => await asked.answer(undefined) }),
      ),
    slots: 100,
    usesDeliveryStatus: false,
    ttlMs: 30_000,
    staleMs: 600_000,
    size: 100,
    metrics: { routeLookup: (result) => (counted[result] += 1) },
    logger,
    clock: time.now,
    delay: time.delay,
    random: () => 1,
    ...options,
  });

  const newestOf = <Kind>(kind: readonly Kind[], count: number): Kind => {
    const newest = kind.at(-1);
    if (kind.length !== count || newest === undefined) {
      throw new Error(`expected ${count}, not ${kind.length}`);
    }
    return newest;
  };
  const newest = (count: number): Question => newestOf(questions, count);
  const check = (count: number) => newestOf(checks, count);

  return {
    questions,
    checks,
    logged: () => logger.lines.map(({ level, event, fields }) => [level, event, fields]),
    counted,
    /** How many questions there were, with the newest at hand. */
    newest,
    /** As `newest`, of the harmless question. */
    check,
    /** The newest question fails, and so does the check made because of it. */
    async beginOutage(kind: RouteErrorKind = 'unavailable', code?: string): Promise<void> {
      await newest(questions.length).fail(kind, code);
      await check(checks.length).fail(kind, code);
    },
    events: () => logger.lines.map(({ level, event }) => `${level} ${event}`),
    pass: time.pass,
    find(key: RouteKey, signal = new AbortController().signal) {
      return observe(cache.find(key, signal));
    },
  };
}

interface Asked<Answer> extends Check {
  answer(answer: Answer): Promise<void>;
}

export interface Observed {
  state: 'waiting' | 'answered' | 'unknown' | 'rejected';
  readonly result: Promise<RouteLookup>;
}

async function observe(result: Promise<RouteLookup>): Promise<Observed> {
  const observed: Observed = { state: 'waiting', result };
  result.then(
    ({ kind }) => (observed.state = kind === 'unknown' ? kind : 'answered'),
    () => (observed.state = 'rejected'),
  );
  await settled();
  return observed;
}

/** Until everything that only waits for promises has run. */
async function settled(): Promise<void> {
  for (let turns = 0; turns < 3; turns += 1) await turn();
}

function createFakeTime() {
  let nowMs = 1000;
  let sleepers: { readonly dueMs: number; wake(): void }[] = [];
  return {
    now: () => nowMs,
    async delay(ms: number, signal: AbortSignal): Promise<void> {
      await new Promise<void>((resolve, reject) => {
        const stop = (): void => reject(new Error('aborted while asleep'));
        signal.addEventListener('abort', stop);
        const wake = (): void => {
          signal.removeEventListener('abort', stop);
          resolve();
        };
        sleepers.push({ dueMs: nowMs + ms, wake });
      });
    },
    async pass(ms: number): Promise<void> {
      nowMs += ms;
      const due = sleepers.filter(({ dueMs }) => dueMs <= nowMs);
      sleepers = sleepers.filter(({ dueMs }) => dueMs > nowMs);
      for (const { wake } of due) wake();
      await settled();
    },
  };
}
