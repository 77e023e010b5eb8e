import { beforeEach, describe, expect, it } from '@jest/globals';
import type { Lease, LeaseStore } from '../../src/ports/source.ts';
import { until } from '../support/until.ts';

/** A lease that several workers want, and what a test may do to it and see of it. */
export interface LeaseUnderTest {
  readonly ttlMs: number;
  /** The store of one more worker. */
  worker(): LeaseStore;
  /** From the store's now to the end of the lease. */
  leftMs(): Promise<number>;
  /** Has the lease end so soon; it is over already by default. */
  endIn(ms?: number): Promise<void>;
}

/** What every `LeaseStore` does. */
export function describeLeaseStore(underTest: () => LeaseUnderTest): void {
  let lease: LeaseUnderTest;
  let former: LeaseStore;
  beforeEach(() => {
    lease = underTest();
    former = lease.worker();
  });

  async function acquired(store: LeaseStore): Promise<Lease> {
    const held = await store.acquire();
    if (held === null) throw new Error('another worker holds the lease');
    return held;
  }

  async function expectWholeTerm(): Promise<void> {
    const left = await lease.leftMs();
    expect(left).toBeLessThanOrEqual(lease.ttlMs);
    expect(left).toBeGreaterThan(lease.ttlMs - 10_000);
  }

  describe('a lease', () => {
    it('goes to the first who asks, for a whole term', async () => {
      expect(await former.acquire()).toEqual({ epoch: 1 });
      await expectWholeTerm();
    });

    it('goes to one of many who ask at once, at first and later', async () => {
      const workers = Array.from({ length: 20 }, () => lease.worker());
      for (const epoch of [1, 2, 3]) {
        const answers = await until('somebody has it', async () => {
          const all = await Promise.all(workers.map(async (store) => await store.acquire()));
          return all.some((held) => held !== null) ? all : null;
        });
        expect(answers.filter((held) => held !== null)).toEqual([{ epoch }]);
        await lease.endIn();
      }
    });

    it('is not given to another while it holds', async () => {
      await acquired(former);
      expect(await lease.worker().acquire()).toBeNull();
    });

    it('is given again to whoever asks again, having missed the first answer', async () => {
      await acquired(former);
      expect(await former.acquire()).toEqual({ epoch: 2 });
      await expectWholeTerm();
    });

    it('has a greater epoch with every holder', async () => {
      const epochs: number[] = [];
      for (let holders = 0; holders < 4; holders += 1) {
        const store = lease.worker();
        const held = await acquired(store);
        epochs.push(held.epoch);
        await store.release(held);
      }
      expect(epochs).toEqual([1, 2, 3, 4]);
    });
  });

  describe('renewing a lease', () => {
    it('begins a whole new term', async () => {
      const held = await acquired(former);
      await lease.endIn(1_000);
      expect(await former.renew(held)).toBe(true);
      await expectWholeTerm();
    });

    it('works after the time was over, when nobody else has taken it', async () => {
      const held = await acquired(former);
      await lease.endIn();
      expect(await former.renew(held)).toBe(true);
      expect(await lease.worker().acquire()).toBeNull();
    });

    it('fails for a former holder, and changes nothing', async () => {
      const held = await acquired(former);
      await lease.endIn();
      await acquired(lease.worker());
      await lease.endIn(lease.ttlMs / 2);
      expect(await former.renew(held)).toBe(false);
      expect(await lease.leftMs()).toBeLessThanOrEqual(lease.ttlMs / 2);
    });

    it('does not take it again when it is carried out after the release', async () => {
      const held = await acquired(former);
      await former.release(held);
      expect(await former.renew(held)).toBe(false);
      expect(await lease.leftMs()).toBeLessThan(0);
    });
  });

  describe('releasing a lease', () => {
    it('hands it over at once', async () => {
      const held = await acquired(former);
      await former.release(held);
      expect(await lease.worker().acquire()).toEqual({ epoch: 2 });
      expect(await former.renew(held)).toBe(false);
    });

    it('of a former holder leaves its successor alone', async () => {
      const held = await acquired(former);
      await lease.endIn();
      await acquired(lease.worker());
      await former.release(held);
      expect(await lease.worker().acquire()).toBeNull();
      await expectWholeTerm();
    });
  });
}
