import { describe, expect, it } from '@jest/globals';
import { tellAgain, type TellAgainOptions } from '../../../src/cli/again/tellAgain.ts';
import type { Again, AgainRows, Queued } from '../../../src/mongo/operator/againRows.ts';
import type { FoundSms, SmsPages } from '../../../src/mongo/operator/smsPages.ts';
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

function anAgain({ at }: FoundSms): Again {
  const subject = aSubject({ smsKey: String(at) });
  return { subject, accountId: 28, flowId: 200, body: Buffer.from('{}') };
}

function telling(options: Partial<TellAgainOptions> = {}) {
  const added: string[] = [];
  const progress: unknown[] = [];
  const queue = async (all: readonly Again[]): Promise<readonly Queued[]> => {
    added.push(...all.map(({ subject }) => subject.smsKey));
    return await Promise.resolve(all.map(() => 'queued'));
  };
  const rows: AgainRows = { add: queue, foresee: async (all) => await queue(all) };
  const told = tellAgain({
    pages: pagesOf(10),
    from: 0,
    before: {},
    perSecond: 1_000_000,
    rows,
    isDryRun: false,
    toCandidate: (found) => ({ kind: 'tell', again: anAgain(found) }),
    onProgress(_tally, from) {
      progress.push(from);
      return Promise.resolve(true);
    },
    stopping: new AbortController().signal,
    ...options,
  });
  return { told, added, progress };
}

describe('telling again', () => {
  it('goes through all pages, and says where the next begins', async () => {
    const { told, added, progress } = telling({ from: 100 });
    const { tally, isFinished } = await told;
    expect(isFinished).toBe(true);
    expect(added).toEqual(Array.from({ length: 10 }, (_, index) => String(index)));
    expect(tally).toMatchObject({ examined: 10, queued: 10, waiting: 0 });
    expect(progress).toEqual([0, 4, 8]);
  });

  it('counts what it leaves alone, on top of what was counted before', async () => {
    const kinds = ['waiting', 'unusable', 'filtered', 'unplaceable', 'ended', 'outside'] as const;
    const { told, added } = telling({
      before: { examined: 5, queued: 5 },
      toCandidate({ at }) {
        const kind = kinds[Number(at)];
        return kind === undefined ? { kind: 'tell', again: anAgain(aFound(Number(at))) } : { kind };
      },
    });
    const { tally } = await told;
    expect(tally).toEqual({
      ...Object.fromEntries(kinds.map((kind) => [kind, 1])),
      ...{ examined: 15, queued: 9, queued_before: 0, too_large: 0 },
    });
    expect(added).toHaveLength(4);
  });

  it('goes slowly where it is to', async () => {
    const begunAt = performance.now();
    await telling({ perSecond: 20 }).told;
    // Ten, of which the last waits for nobody.
    expect(performance.now() - begunAt).toBeGreaterThanOrEqual(400);
  });

  it('stops soon, at a place where it can go on', async () => {
    const stopping = new AbortController();
    const places: unknown[] = [];
    const { told, added } = telling({
      perSecond: 10,
      stopping: stopping.signal,
      onProgress(_tally, from) {
        places.push(from);
        if (places.length === 3) stopping.abort();
        return Promise.resolve(true);
      },
    });
    const { tally, isFinished } = await told;
    expect(isFinished).toBe(false);
    expect(tally.queued).toBe(added.length);
    expect(places.at(-1)).toBe(added.length);
    expect(added.length).toBeLessThan(10);
  });

  it('stops where another process has taken over', async () => {
    const { told, added } = telling({ onProgress: () => Promise.resolve(false) });
    expect(await told).toMatchObject({ isFinished: false });
    expect(added).toHaveLength(4);
  });

  it('only foresees in a dry run, as fast as it can', async () => {
    const { told } = telling({ isDryRun: true, perSecond: 1 });
    expect(await told).toMatchObject({ isFinished: true, tally: { queued: 10 } });
  });
});
