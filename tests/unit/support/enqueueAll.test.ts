import { describe, expect, it } from '@jest/globals';
import type { Queued, Replay, ReplayQueue } from '../../../src/mongo/retrySupport.ts';
import type { FoundSms, SmsPages } from '../../../src/mongo/smsPages.ts';
import { enqueueAll, obstacles, type EnqueueOptions } from '../../../src/support/enqueueAll.ts';
import { aSubject } from '../../support/builders.ts';

const PAGE = 4;

/** Documents numbered from 0, and pages of four, one of them empty. */
function pagesOf(count: number): SmsPages {
  return {
    count: () => Promise.resolve(count),
    page(from) {
      const first = Number(from);
      const ids = Array.from(
        { length: Math.min(PAGE, count - first) },
        (_, index) => first + index,
      );
      // Number 100 begins an empty page, after which the others come.
      if (first === 100) return Promise.resolve({ found: [], next: { from: 0 } });
      const next = first + PAGE < count ? { from: first + PAGE } : null;
      return Promise.resolve({ found: ids.map(aFound), next });
    },
  };
}

function aFound(id: number): FoundSms {
  return { at: id, documentKey: { opaque: { _id: id } }, document: { _id: id } };
}

function aReplay({ at }: FoundSms): Replay {
  const subject = aSubject({ smsKey: String(at) });
  return { subject, accountId: 28, flowId: 200, body: Buffer.from('{}') };
}

function enqueueing(options: Partial<EnqueueOptions> = {}) {
  const added: string[] = [];
  const progress: unknown[] = [];
  const queue = async (all: readonly Replay[]): Promise<readonly Queued[]> => {
    added.push(...all.map(({ subject }) => subject.smsKey));
    return await Promise.resolve(all.map(() => 'queued'));
  };
  const rows: ReplayQueue = { add: queue, preview: async (all) => await queue(all) };
  const notified = enqueueAll({
    pages: pagesOf(10),
    from: 0,
    before: {},
    perSecond: 1_000_000,
    rows,
    isDryRun: false,
    toCandidate: (found) => ({ kind: 'enqueue', replay: aReplay(found) }),
    onProgress(_tally, from) {
      progress.push(from);
      return Promise.resolve(true);
    },
    stopping: new AbortController().signal,
    ...options,
  });
  return { notified, added, progress };
}

describe('enqueueing', () => {
  it('goes through all pages, and says where the next begins', async () => {
    const { notified, added, progress } = enqueueing({ from: 100 });
    const { tally, isFinished } = await notified;
    expect(isFinished).toBe(true);
    expect(added).toEqual(Array.from({ length: 10 }, (_, index) => String(index)));
    expect(tally).toMatchObject({ examined: 10, queued: 10, waiting: 0 });
    expect(progress).toEqual([0, 4, 8]);
  });

  it('counts what it leaves alone, on top of what was counted before', async () => {
    const kinds = ['waiting', 'unusable', 'filtered', 'unplaceable', 'ended', 'outside'] as const;
    const { notified, added } = enqueueing({
      before: { examined: 5, queued: 5 },
      toCandidate({ at }) {
        const kind = kinds[Number(at)];
        return kind === undefined
          ? { kind: 'enqueue', replay: aReplay(aFound(Number(at))) }
          : { kind };
      },
    });
    const { tally } = await notified;
    expect(tally).toEqual({
      ...Object.fromEntries(kinds.map((kind) => [kind, 1])),
      ...Object.fromEntries(obstacles.map((obstacle) => [obstacle, 0])),
      ...{ examined: 15, queued: 9, queued_before: 0, too_large: 0 },
    });
    expect(added).toHaveLength(4);
  });

  it('queues nothing in whose way something stands, and counts by what', async () => {
    const { notified, added } = enqueueing({
      findObstacle: ({ subject }) =>
        Promise.resolve(subject.smsKey === '3' ? 'not_opted_in' : null),
    });
    expect((await notified).tally).toMatchObject({ queued: 9, not_opted_in: 1 });
    expect(added.filter((id) => id === '3')).toEqual(['3']);
  });

  it('goes slowly where it is to', async () => {
    const begunAt = performance.now();
    await enqueueing({ perSecond: 20 }).notified;
    // Ten, of which the last waits for nobody.
    expect(performance.now() - begunAt).toBeGreaterThanOrEqual(400);
  });

  it('stops soon, at a place where it can go on', async () => {
    const stopping = new AbortController();
    const places: unknown[] = [];
    const { notified, added } = enqueueing({
      perSecond: 10,
      stopping: stopping.signal,
      onProgress(_tally, from) {
        places.push(from);
        if (places.length === 3) stopping.abort();
        return Promise.resolve(true);
      },
    });
    const { tally, isFinished } = await notified;
    expect(isFinished).toBe(false);
    expect(tally.queued).toBe(added.length);
    expect(places.at(-1)).toBe(added.length);
    expect(added.length).toBeLessThan(10);
  });

  it('stops where another process has taken over', async () => {
    const { notified, added } = enqueueing({ onProgress: () => Promise.resolve(false) });
    expect(await notified).toMatchObject({ isFinished: false });
    expect(added).toHaveLength(4);
  });

  it('only foresees in a dry run, as fast as it can', async () => {
    const { notified } = enqueueing({ isDryRun: true, perSecond: 1 });
    expect(await notified).toMatchObject({ isFinished: true, tally: { queued: 10 } });
  });
});
