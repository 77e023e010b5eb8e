import type { LeaseStore } from '../../src/pipeline/ports.ts';
import { atOnce, type Turn } from './fakePorts.ts';

export interface FakeLeases extends LeaseStore {
  /** Every call, as `renew 1` with the epoch. */
  readonly calls: readonly string[];
  /** Whether the lease of this epoch holds now. */
  holds(epoch: number): boolean;
  /** Another worker takes the lease, whoever has it. */
  takeAway(): void;
}

/** One lease by the clock of `Date`, which stands for the server's. */
export function createFakeLeases(ttlMs: number, turn: Turn = atOnce): FakeLeases {
  const calls: string[] = [];
  let row = { epoch: 0, untilMs: 0, isReleased: false };
  const isOurs = (epoch: number): boolean => row.epoch === epoch && !row.isReleased;
  return {
    calls,
    holds: (epoch) => isOurs(epoch) && Date.now() < row.untilMs,
    takeAway() {
      row = { epoch: row.epoch + 1, untilMs: Date.now() + ttlMs, isReleased: false };
    },
    async acquire() {
      calls.push('acquire');
      await turn('acquire');
      if (Date.now() < row.untilMs) return null;
      row = { epoch: row.epoch + 1, untilMs: Date.now() + ttlMs, isReleased: false };
      return { epoch: row.epoch };
    },
    async renew({ epoch }) {
      calls.push(`renew ${epoch}`);
      await turn('renew');
      if (!isOurs(epoch)) return false;
      row = { epoch, untilMs: Date.now() + ttlMs, isReleased: false };
      return true;
    },
    async release({ epoch }) {
      calls.push(`release ${epoch}`);
      await turn('release');
      if (isOurs(epoch)) row = { epoch, untilMs: 0, isReleased: true };
    },
  };
}
