import { outside, type FakeProcess, type Pick } from './processes.ts';

/** Between processes and the brokers. */
export interface FakeNetwork {
  /**
   * What a broker answers. Rejects when none does: what was asked for may have happened or not, and does not happen
   * later.
   */
  ask<Answer>(process: FakeProcess, apply: () => Answer | Promise<Answer>): Promise<Answer>;
  isUp(process: FakeProcess): boolean;
  /** One process reaches no broker. */
  cut(process: FakeProcess): void;
  mend(process: FakeProcess): void;
  /** No broker answers anybody. */
  isDown: boolean;
}

/** How long it takes until a broker that is not there is given up. */
const GIVEN_UP_AFTER_MS = [100, 1_000, 10_000] as const;

/** @param longestMs of a way to a broker or back */
export function createFakeNetwork(pick: Pick, longestMs: number): FakeNetwork {
  const cut = new Set<FakeProcess>();
  const network: FakeNetwork = {
    isDown: false,
    isUp: (process) => !network.isDown && !cut.has(process),
    cut: (process) => void cut.add(process),
    mend: (process) => void cut.delete(process),
    async ask(process, apply) {
      return await new Promise((resolve, reject) => {
        const underWay = (arrive: () => void, ms = pick(longestMs + 1)): void =>
          void outside(() => setTimeout(arrive, ms));
        const giveUp = (): void => {
          const ms = GIVEN_UP_AFTER_MS[pick(GIVEN_UP_AFTER_MS.length)];
          const failed = (): void => reject(new Error('no broker answers'));
          underWay(() => process.deliver(failed), ms);
        };
        const answer = async (): Promise<void> => {
          const answered = await apply();
          underWay(() =>
            network.isUp(process) ? process.deliver(() => resolve(answered)) : giveUp(),
          );
        };
        underWay(() => (network.isUp(process) ? void answer() : giveUp()));
      });
    },
  };
  return network;
}
