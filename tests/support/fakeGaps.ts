import type { FoundDocument, Gap } from '../../src/domain/gap.ts';
import type { GapStore, GapTally } from '../../src/pipeline/ports.ts';
import { createNudge } from '../../src/runtime/nudge.ts';
import { atOnce, type Turn } from './fakePorts.ts';

export interface FakeGaps extends GapStore {
  /** Still to be searched, oldest first. */
  readonly open: readonly Gap[];
}

/** Gaps in which a search finds `pages` of documents. */
export function createFakeGaps(
  pages: readonly (readonly FoundDocument[])[] = [[]],
  turn: Turn = atOnce,
): FakeGaps {
  const open: Gap[] = [];
  const passed = new Map<string, number>();
  const tallies = new Map<string, GapTally>();
  let added = 0;
  const news = createNudge();
  return {
    open,
    news,
    async add(from, to) {
      await turn('gaps.add');
      added += 1;
      open.push({ id: `gap ${added}`, from, to });
      news.give();
    },
    async oldest() {
      await turn('gaps.oldest');
      return open[0] ?? null;
    },
    async nextPage({ id }) {
      await turn('gaps.nextPage');
      const progress = passed.get(id) ?? 0;
      return { found: pages[progress] ?? [], progress, isLast: progress >= pages.length - 1 };
    },
    async passed({ id }, { progress }, { recovered, unplaceable }) {
      await turn('gaps.passed');
      passed.set(id, Number(progress) + 1);
      const before = tallies.get(id) ?? { recovered: 0, unplaceable: 0 };
      tallies.set(id, {
        recovered: before.recovered + recovered,
        unplaceable: before.unplaceable + unplaceable,
      });
    },
    async remove(gap) {
      await turn('gaps.remove');
      open.splice(open.indexOf(gap), 1);
      return tallies.get(gap.id) ?? { recovered: 0, unplaceable: 0 };
    },
  };
}
