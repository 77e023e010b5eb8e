import { beforeEach, describe, expect, it } from '@jest/globals';
import type { Gap } from '../../src/domain/gap.ts';
import type { GapStore } from '../../src/ports/source.ts';

/** Where gaps are kept, and what a test may do to it. */
export interface GapsUnderTest {
  /** The store of a worker that has just started. */
  store(): GapStore;
  /** Adds SMS with these ids, each with a status from within the gap, enough for several pages. */
  fill(ids: readonly string[]): Promise<void>;
}

const from = new Date('2024-05-10T12:00:00.000Z');
const to = new Date('2024-05-10T18:00:00.000Z');
const later = {
  from: new Date('2024-05-11T12:00:00.000Z'),
  to: new Date('2024-05-11T18:00:00.000Z'),
};
const ids = Array.from({ length: 1_200 }, (_, index) => `sms-${index}`);
const nothing = { recovered: 0, unplaceable: 0 };

/** What every `GapStore` does. */
export function describeGapStore(underTest: () => GapsUnderTest): void {
  let gaps: GapsUnderTest;
  let store: GapStore;
  beforeEach(() => {
    gaps = underTest();
    store = gaps.store();
  });

  async function oldest(): Promise<Gap> {
    const gap = await store.oldest();
    if (gap === null) throw new Error('there is no gap');
    return gap;
  }

  /** The ids on each page, each passed twice by a worker that has just started; of the first pages only. */
  async function readPages(gap: Gap, atMost = Infinity): Promise<unknown[][]> {
    const pages: unknown[][] = [];
    for (let isLast = false; !isLast && pages.length < atMost;) {
      const worker = gaps.store();
      const page = await worker.nextPage(gap);
      pages.push(page.found.map(({ document }) => document['_id']));
      const tally = { recovered: page.found.length, unplaceable: 1 };
      await worker.passed(gap, page, tally);
      await worker.passed(gap, page, tally);
      ({ isLast } = page);
    }
    return pages;
  }

  describe('a gap', () => {
    it('is there once it was added, for whoever asks, until it is removed', async () => {
      expect(await store.oldest()).toBeNull();
      await store.add(from, to);
      const gap = await oldest();
      expect(gap).toMatchObject({ from, to });
      expect(await gaps.store().oldest()).toEqual(gap);
      await store.remove(gap);
      expect(await store.oldest()).toBeNull();
    });

    it('wakes whoever waits for one in this process', async () => {
      const anHour = { atLeastMs: 0, atMostMs: 3_600_000 };
      const sleeping = store.changed.sleep(anHour, new AbortController().signal);
      await store.add(from, to);
      await expect(sleeping).resolves.toBeUndefined();
    });

    it('joins those whose scan has not begun', async () => {
      await store.add(later.from, later.to);
      await store.add(from, to);
      const gap = await oldest();
      expect(gap).toMatchObject({ from, to: later.to });
      await store.remove(gap);
      expect(await store.oldest()).toBeNull();
    });

    it('waits for those whose scan has begun', async () => {
      await store.add(from, to);
      const first = await oldest();
      await store.add(later.from, later.to);
      expect(await oldest()).toEqual(first);
      await store.remove(first);
      expect(await oldest()).toMatchObject(later);
    });
  });

  describe('a scan', () => {
    beforeEach(async () => {
      await gaps.fill(ids);
      await store.add(from, to);
    });

    it('finds each document, over several pages, and adds up what came of each page once', async () => {
      const gap = await oldest();
      const pages = await readPages(gap);
      expect(pages.flat().map(String).toSorted()).toEqual(ids.toSorted());
      expect(pages.filter(({ length }) => length > 0).length).toBeGreaterThan(1);
      const tally = { recovered: ids.length, unplaceable: pages.length };
      expect(await store.remove(gap)).toEqual(tally);
    });

    it('brings a page again that was not passed', async () => {
      const gap = await oldest();
      await readPages(gap, 2);
      const { found } = await gaps.store().nextPage(gap);
      expect(found.length).toBeGreaterThan(0);
      expect((await gaps.store().nextPage(gap)).found).toEqual(found);
      expect((await store.nextPage(gap)).found).toEqual(found);
    });

    it('of a gap that another worker has removed is over, and adds nothing up', async () => {
      const gap = await oldest();
      await gaps.store().remove(gap);
      const page = await store.nextPage(gap);
      expect(page).toMatchObject({ found: [], isLast: true });
      await store.passed(gap, page, { recovered: 1, unplaceable: 1 });
      expect(await store.oldest()).toBeNull();
      expect(await store.remove(gap)).toEqual(nothing);
    });

    it('of a gap whose page comes late adds nothing up', async () => {
      const gap = await oldest();
      const page = await store.nextPage(gap);
      await gaps.store().remove(gap);
      await store.passed(gap, page, { recovered: 1, unplaceable: 1 });
      expect(await store.remove(gap)).toEqual(nothing);
    });
  });

  it('removing a gap leaves others alone, and says nothing of one that is not there', async () => {
    await store.add(from, to);
    const first = await oldest();
    await store.add(later.from, later.to);
    expect(await store.remove({ id: 'unknown', from, to })).toEqual(nothing);
    expect(await oldest()).toEqual(first);
    await store.remove(first);
    expect(await store.remove(first)).toEqual(nothing);
    expect(await oldest()).toMatchObject(later);
  });
}
