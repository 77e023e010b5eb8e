import { isDeepStrictEqual } from 'node:util';
import type { RouteKey } from '../../src/domain/route.ts';
import type { LedgerEntry } from '../../src/ports/notify.ts';
import {
  NO_ENDPOINT,
  type ClaimedRetry,
  type NewRetry,
  type Retry,
  type RetryStore,
} from '../../src/ports/retries.ts';
import { createWakeUp } from '../../src/runtime/wakeUp.ts';
import { atOnce, type Turn } from './fakePorts.ts';

/** A notification in durable state. */
export interface FakeRow {
  readonly retry: NewRetry;
  readonly dueAtMs: number;
  readonly claim: string | null;
  /** The claim it was last released by. */
  readonly released?: string;
}

export interface FakeRetries extends RetryStore {
  /** By notification id. */
  readonly rows: Map<string, FakeRow>;
  /** Every write that was asked for, as `release sms-1:DELIVERED`. */
  readonly writes: readonly string[];
  /** Whether another status of that SMS, or with none to leave out any, is claimed and the claim holds. */
  isClaimed(smsKey: string, exceptId?: string): boolean;
  /** Hands the row to somebody else, whose claim this is. */
  stealClaim(id: string): string;
}

/** Thrown by a turn: the store refuses that call for good. */
export class Refused extends Error {}

/** How long a claim holds; the due time of a claimed row is where it ends. */
const claimMs = 45_000;

/** In bytes. */
const largestBody = 1_000;

/** What all who use the same durable state see of it. */
export interface FakeRetriesState {
  readonly rows: Map<string, FakeRow>;
  readonly writes: string[];
  claims: number;
}

/** Rows due and claims held by the clock of `Date`, which stands for the server's. */
export function createFakeRetries(
  endedAs: (id: string) => LedgerEntry | undefined,
  turn: Turn = atOnce,
  state: FakeRetriesState = { rows: new Map(), writes: [], claims: 0 },
): FakeRetries {
  const { rows, writes } = state;
  /** Applies between two turns: a worker can die before the write, or before it hears of it. */
  const write = async <Result>(
    what: string,
    id: string,
    apply: () => Result,
  ): Promise<Result | 'refused'> => {
    writes.push(`${what} ${id}`);
    try {
      await turn(what);
    } catch (error) {
      if (error instanceof Refused) return 'refused';
      throw error;
    }
    const result = apply();
    await turn(`${what} done`);
    return result;
  };
  const nextClaim = (): string => {
    state.claims += 1;
    return `claim ${state.claims}`;
  };
  const own = new Set<string>();
  const ownClaim = (): string => {
    const claim = nextClaim();
    own.add(claim);
    return claim;
  };
  const claimed = (id: string, claim: string): FakeRow | null => {
    const row = rows.get(id);
    return row?.claim === claim ? row : null;
  };
  const holds = (row: FakeRow): boolean => row.claim !== null && row.dueAtMs > Date.now();
  const isOthers = (row: FakeRow): boolean => holds(row) && !own.has(row.claim ?? '');
  const isClaimed = (smsKey: string, exceptId?: string): boolean =>
    [...rows].some(
      ([id, row]) => id !== exceptId && row.retry.subject.smsKey === smsKey && holds(row),
    );

  const take = (retry: NewRetry): ClaimedRetry => {
    const token = ownClaim();
    const { notificationId } = retry.subject;
    rows.set(notificationId, { retry, claim: token, dueAtMs: Date.now() + claimMs });
    return { retry: retryOf(retry), token };
  };

  /** What these rows' routes were looked up for, each once. */
  const routeKeysOf = (isMeant: (row: FakeRow) => boolean): RouteKey[] => {
    const keys = [...rows.values()].filter(isMeant).map(({ retry }) => routeKeyOf(retry));
    return keys.filter(
      (key, index) => keys.findIndex((other) => isDeepStrictEqual(other, key)) === index,
    );
  };

  const news = createWakeUp();
  return {
    rows,
    writes,
    changed: news,
    isClaimed,
    stealClaim(id) {
      const row = rows.get(id);
      if (row === undefined) throw new Error(`${id} is not parked`);
      const claim = nextClaim();
      rows.set(id, { ...row, claim, dueAtMs: Date.now() + claimMs });
      return claim;
    },
    renewEveryMs: claimMs / 3,
    async renew(held) {
      await turn('renew');
      for (const [id, claim] of held) {
        const row = claimed(id, claim);
        if (row !== null) rows.set(id, { ...row, dueAtMs: Date.now() + claimMs });
      }
    },
    canHold: ({ byteLength }) => Promise.resolve(byteLength <= largestBody),
    async scheduleClaimed(retry) {
      const id = retry.subject.notificationId;
      return await write('scheduleClaimed', id, () => {
        if (!givesWay(rows.get(id), retry)) return 'taken';
        const claim = ownClaim();
        rows.set(id, { retry, claim, dueAtMs: Date.now() + claimMs });
        return { token: claim };
      });
    },
    async schedule(retry, waitMs) {
      const id = retry.subject.notificationId;
      return await write('schedule', id, () => {
        const there = rows.get(id);
        const fresh = { retry, claim: null, dueAtMs: Date.now() + waitMs };
        const row = there === undefined || givesWay(there, retry) ? fresh : there;
        rows.set(id, row);
        news.wake();
        return new Date(row.dueAtMs);
      });
    },
    async beginAttempt(id, claim, log) {
      return await write('beginAttempt', id, () => {
        const row = claimed(id, claim);
        if (row === null) return 'lost';
        rows.set(id, {
          claim,
          retry: { ...row.retry, log },
          dueAtMs: Date.now() + claimMs,
        });
        return 'begun';
      });
    },
    async release(id, claim, update, waitMs) {
      return await write('release', id, () => {
        const row = rows.get(id);
        // Released by that claim before, the answer was lost.
        const isOurs = row?.claim === null ? row.released === claim : row?.claim === claim;
        if (row === undefined || !isOurs) return 'lost';
        const dueAtMs = Date.now() + waitMs;
        const released = { claim: null, released: claim, dueAtMs };
        rows.set(id, { retry: { ...row.retry, ...update }, ...released });
        news.wake();
        return new Date(dueAtMs);
      });
    },
    async dueEndpoints(soonMs) {
      await turn('dueEndpoints');
      const isDue = (row: FakeRow): boolean => row.dueAtMs <= Date.now();
      const due = [...rows.values()].filter(isDue);
      const keys = new Set(due.map(({ retry }) => endpointOf(retry)));
      const inMs = [...rows.values()]
        .filter(({ retry }) => !keys.has(endpointOf(retry)))
        .map((row) => row.dueAtMs - Date.now())
        .filter((ms) => ms <= soonMs);
      return { keys: [...keys], nextInMs: inMs.length === 0 ? null : Math.min(...inMs) };
    },
    async claimDue(endpointKey, except) {
      await turn('claimDue');
      const [due] = [...rows.values()]
        .filter(({ retry, dueAtMs }) => endpointOf(retry) === endpointKey && dueAtMs <= Date.now())
        .filter(({ retry }) => !except.has(retry.subject.notificationId))
        .sort((one, other) => one.dueAtMs - other.dueAtMs);
      const taken = due === undefined ? null : take(due.retry);
      await turn('claimDue done');
      return taken;
    },
    async claimAcceptedBefore(time, limit, except) {
      await turn('claimAcceptedBefore');
      return [...rows.values()]
        .filter(({ retry, dueAtMs }) => retry.acceptedAt < time && dueAtMs <= Date.now())
        .filter(({ retry }) => !except.has(retry.subject.notificationId))
        .slice(0, limit)
        .map(({ retry }) => take(retry));
    },
    async routeKeysOf(endpointKey) {
      await turn('routeKeysOf');
      return routeKeysOf(({ retry, claim }) => claim === null && endpointOf(retry) === endpointKey);
    },
    async move(endpointKey, key, webhook) {
      await turn('move');
      for (const [id, row] of rows) {
        if (!isWaitingFor(row, key) || endpointOf(row.retry) !== endpointKey) continue;
        rows.set(id, { ...row, retry: { ...row.retry, webhook } });
      }
    },
    async awaitedRoutes() {
      await turn('awaitedRoutes');
      return routeKeysOf(awaitsRoute);
    },
    async endWaitForRoute(key, to) {
      await turn('endWaitForRoute');
      for (const [id, row] of rows) {
        if (!isWaitingFor(row, key) || !awaitsRoute(row)) continue;
        const leads = to !== null && row.retry.undecided?.isStale !== true;
        const retry = leads ? { ...row.retry, webhook: to, undecided: null } : row.retry;
        rows.set(id, { ...row, retry, dueAtMs: Date.now() });
        news.wake();
      }
    },
    async recheck({ retry: { subject } }) {
      try {
        await turn('recheck');
      } catch (error) {
        if (error instanceof Refused) return 'refused';
        throw error;
      }
      const { notificationId, smsKey, run } = subject;
      const end = endedAs(notificationId);
      const hasEnded = end !== undefined && (run === undefined || run === end.run);
      const ended = hasEnded ? end : null;
      const siblingClaimed = [...rows].some(
        ([id, row]) =>
          id !== notificationId && row.retry.subject.smsKey === smsKey && isOthers(row),
      );
      return { ended, siblingClaimed };
    },
  };
}

/** To one that knows of more attempts, while nobody has claimed it. */
function givesWay(row: FakeRow | undefined, { log }: NewRetry): boolean {
  return row === undefined || (row.claim === null && row.retry.log.begun < log.begun);
}

function awaitsRoute({ retry, dueAtMs }: FakeRow): boolean {
  return endpointOf(retry) === NO_ENDPOINT && dueAtMs > Date.now();
}

/** In nobody's hands, and looked up for this. */
function isWaitingFor({ retry, claim }: FakeRow, key: RouteKey): boolean {
  return claim === null && isDeepStrictEqual(routeKeyOf(retry), key);
}

function routeKeyOf({ accountId, flowId, subject }: NewRetry): RouteKey {
  return { accountId, flowId, deliveryStatus: subject.deliveryStatus };
}

function endpointOf({ webhook }: NewRetry): string {
  return webhook?.endpointKey ?? NO_ENDPOINT;
}

/** The endpoint's key stays behind. */
export function retryOf({ webhook, subject, ...rest }: NewRetry): Retry {
  const retry = { ...rest, subject: { shows: null, ...subject } };
  if (webhook === null) return { ...retry, webhook };
  const { webhookId, displayUrl } = webhook;
  return { ...retry, webhook: { webhookId, displayUrl } };
}
