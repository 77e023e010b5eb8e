import type { LeaseStore } from '../../src/ports/source.ts';
import { atOnce, type Turn } from './fakePorts.ts';

export interface FakeLeases extends LeaseStore {
  /** Every call, as `renew 1` with the epoch. */
  readonly calls: readonly string[];
  /** Whether the term of this epoch is not over yet: nobody else can have got the lease. */
  holds(epoch: number): boolean;
  /** Another worker takes the lease, whoever has it. */
  takeAway(): void;
}

/** What all who want the lease see of it. */
interface FakeLeaseState {
  epoch: number;
  untilMs: number;
  /** Who took it; null once it is released. */
  taker: symbol | null;
}

/** A lease that nobody has had yet. */
export function noLease(): FakeLeaseState {
  return { epoch: 0, untilMs: 0, taker: null };
}

/** One worker's view of a lease by the clock of `Date`, which stands for the server's. */
export function createFakeLeases(
  ttlMs: number,
  turn: Turn = atOnce,
  state: FakeLeaseState = noLease(),
): FakeLeases {
  const calls: string[] = [];
  const self = Symbol('worker');
  /** When the term of each epoch of ours is over. */
  const endsMs = new Map<number, number>();
  const isOurs = (epoch: number): boolean => state.epoch === epoch && state.taker === self;
  const take = (taker: symbol): void => {
    Object.assign(state, { epoch: state.epoch + 1, untilMs: Date.now() + ttlMs, taker });
  };
  return {
    calls,
    holds: (epoch) => Date.now() < (endsMs.get(epoch) ?? 0),
    takeAway() {
      take(Symbol('another worker'));
      endsMs.clear();
    },
    async acquire() {
      calls.push('acquire');
      await turn('acquire');
      if (Date.now() < state.untilMs && state.taker !== self) return null;
      take(self);
      endsMs.set(state.epoch, state.untilMs);
      return { epoch: state.epoch };
    },
    async renew({ epoch }) {
      calls.push(`renew ${epoch}`);
      await turn('renew');
      if (!isOurs(epoch)) return false;
      state.untilMs = Date.now() + ttlMs;
      endsMs.set(epoch, state.untilMs);
      return true;
    },
    async release({ epoch }) {
      calls.push(`release ${epoch}`);
      await turn('release');
      if (!isOurs(epoch)) return;
      Object.assign(state, { untilMs: 0, taker: null });
      endsMs.delete(epoch);
    },
  };
}
