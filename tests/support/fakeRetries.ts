import type { LedgerEntry } from '../../src/pipeline/ports.ts';
import {
  NO_ENDPOINT,
  type ClaimedNotification,
  type ParkableNotification,
  type ParkedNotification,
  type RetryStore,
} from '../../src/pipeline/retryPort.ts';
import { createNudge } from '../../src/runtime/nudge.ts';
import { atOnce, type Turn } from './fakePorts.ts';

/** A notification in durable state. */
export interface FakeRow {
  readonly parked: ParkableNotification;
  readonly dueAtMs: number;
  readonly claim: string | null;
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
  const write = async <Result>(what: string, id: string, apply: () => Result): Promise<Result> => {
    writes.push(`${what} ${id}`);
    await turn(what);
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
      ([id, row]) => id !== exceptId && row.parked.subject.smsKey === smsKey && holds(row),
    );

  const take = (parked: ParkableNotification): ClaimedNotification => {
    const token = ownClaim();
    const { notificationId } = parked.subject;
    rows.set(notificationId, { parked, claim: token, dueAtMs: Date.now() + claimMs });
    return { parked: { ...parked, webhook: withoutKey(parked) }, claim: token };
  };

  const news = createNudge();
  return {
    rows,
    writes,
    news,
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
    async parkClaimed(parked) {
      const id = parked.subject.notificationId;
      return await write('parkClaimed', id, () => {
        if (!givesWay(rows.get(id), parked)) return null;
        const claim = ownClaim();
        rows.set(id, { parked, claim, dueAtMs: Date.now() + claimMs });
        return claim;
      });
    },
    async park(parked, waitMs) {
      const id = parked.subject.notificationId;
      return await write('park', id, () => {
        const there = rows.get(id);
        const fresh = { parked, claim: null, dueAtMs: Date.now() + waitMs };
        const row = there === undefined || givesWay(there, parked) ? fresh : there;
        rows.set(id, row);
        news.give();
        return new Date(row.dueAtMs);
      });
    },
    async beginAttempt(id, claim, log) {
      return await write('beginAttempt', id, () => {
        const row = claimed(id, claim);
        if (row === null) return false;
        rows.set(id, { claim, parked: { ...row.parked, log }, dueAtMs: Date.now() + claimMs });
        return true;
      });
    },
    async release(id, claim, update, waitMs) {
      return await write('release', id, () => {
        const row = claimed(id, claim);
        if (row === null) return null;
        const dueAtMs = Date.now() + waitMs;
        rows.set(id, { parked: { ...row.parked, ...update }, claim: null, dueAtMs });
        news.give();
        return new Date(dueAtMs);
      });
    },
    async dueEndpoints(soonMs) {
      await turn('dueEndpoints');
      const isDue = (row: FakeRow): boolean => row.dueAtMs <= Date.now();
      const due = [...rows.values()].filter(isDue);
      const inMs = [...rows.values()]
        .filter((row) => !isDue(row) && row.dueAtMs <= Date.now() + soonMs)
        .map((row) => row.dueAtMs - Date.now());
      return {
        keys: [...new Set(due.map(({ parked }) => endpointOf(parked)))],
        nextInMs: inMs.length === 0 ? null : Math.min(...inMs),
      };
    },
    async claimDue(endpointKey, except) {
      await turn('claimDue');
      const [due] = [...rows.values()]
        .filter(
          ({ parked, dueAtMs }) => endpointOf(parked) === endpointKey && dueAtMs <= Date.now(),
        )
        .filter(({ parked }) => !except.has(parked.subject.notificationId))
        .sort((one, other) => one.dueAtMs - other.dueAtMs);
      const taken = due === undefined ? null : take(due.parked);
      await turn('claimDue done');
      return taken;
    },
    async claimAcceptedBefore(time, limit, except) {
      await turn('claimAcceptedBefore');
      return [...rows.values()]
        .filter(({ parked, dueAtMs }) => parked.acceptedAt < time && dueAtMs <= Date.now())
        .filter(({ parked }) => !except.has(parked.subject.notificationId))
        .slice(0, limit)
        .map(({ parked }) => take(parked));
    },
    async routeKeysOf(endpointKey) {
      await turn('routeKeysOf');
      return [...rows.values()]
        .filter(({ parked, claim }) => claim === null && endpointOf(parked) === endpointKey)
        .map(({ parked: { accountId, flowId, subject } }) => ({
          ...{ accountId, flowId },
          deliveryStatus: subject.deliveryStatus,
        }));
    },
    async move(endpointKey, key, webhook) {
      await turn('move');
      for (const [id, row] of rows) {
        const { accountId, flowId } = row.parked;
        const isMeant = accountId === key.accountId && flowId === key.flowId && row.claim === null;
        if (!isMeant || endpointOf(row.parked) !== endpointKey) continue;
        rows.set(id, { ...row, parked: { ...row.parked, webhook } });
      }
    },
    async standing({ parked: { subject } }) {
      await turn('standing');
      const { notificationId, smsKey } = subject;
      const ended = endedAs(notificationId) ?? null;
      const siblingClaimed = [...rows].some(
        ([id, row]) =>
          id !== notificationId && row.parked.subject.smsKey === smsKey && isOthers(row),
      );
      return { ended, siblingClaimed };
    },
  };
}

/** To one that knows of more attempts, while nobody has claimed it. */
function givesWay(row: FakeRow | undefined, { log }: ParkableNotification): boolean {
  return row === undefined || (row.claim === null && row.parked.log.begun < log.begun);
}

function endpointOf({ webhook }: ParkableNotification): string {
  return webhook?.endpointKey ?? NO_ENDPOINT;
}

function withoutKey({ webhook }: ParkableNotification): ParkedNotification['webhook'] {
  if (webhook === null) return null;
  const { webhookId, displayUrl } = webhook;
  return { webhookId, displayUrl };
}
