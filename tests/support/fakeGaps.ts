import { randomUUID } from 'node:crypto';
import type { FoundDocument, Gap } from '../../src/domain/gap.ts';
import type { GapStore } from '../../src/ports/source.ts';
import { createWakeUp } from '../../src/runtime/wakeUp.ts';
import { atOnce, type Turn } from './fakePorts.ts';

export interface FakeGaps extends GapStore {
  /** Still to be scanned, oldest first. */
  readonly open: readonly Gap[];
}

/** A gap as it is kept; `pages` of it were passed. */
interface FakeGapRow {
  gap: Gap;
  hasBegun: boolean;
  pages: number;
  recovered: number;
  unplaceable: number;
}

/** Gaps in each of which a scan finds `pages` of documents. */
export function createFakeGaps(
  pages: readonly (readonly FoundDocument[])[] = [[]],
  turn: Turn = atOnce,
): FakeGaps {
  const rows: FakeGapRow[] = [];
  const changed = createWakeUp();
  const rowOf = ({ id }: Gap): FakeGapRow | undefined => rows.find(({ gap }) => gap.id === id);
  return {
    get open() {
      return rows.map(({ gap }) => gap);
    },
    changed,
    async add(from, to) {
      await turn('gaps.add');
      const waiting = rows.find(({ hasBegun }) => !hasBegun);
      if (waiting === undefined) {
        const gap = { id: randomUUID(), from, to };
        rows.push({ gap, hasBegun: false, pages: 0, recovered: 0, unplaceable: 0 });
      } else {
        const { gap } = waiting;
        waiting.gap = { ...gap, from: earlierOf(gap.from, from), to: laterOf(gap.to, to) };
      }
      changed.wake();
    },
    async oldest() {
      await turn('gaps.oldest');
      const [first] = rows;
      if (first === undefined) return null;
      first.hasBegun = true;
      return first.gap;
    },
    async nextPage(gap) {
      await turn('gaps.nextPage');
      const row = rowOf(gap);
      if (row === undefined) return { found: [], progress: null, isLast: true };
      const page = row.pages;
      return { found: pages[page] ?? [], progress: page, isLast: page >= pages.length - 1 };
    },
    async passed(gap, { progress }, { recovered, unplaceable }) {
      await turn('gaps.passed');
      const row = rowOf(gap);
      if (row === undefined || row.pages !== progress) return;
      row.pages += 1;
      row.recovered += recovered;
      row.unplaceable += unplaceable;
    },
    async remove(gap) {
      await turn('gaps.remove');
      const row = rowOf(gap);
      if (row !== undefined) rows.splice(rows.indexOf(row), 1);
      return { recovered: row?.recovered ?? 0, unplaceable: row?.unplaceable ?? 0 };
    },
  };
}

function earlierOf(one: Date, other: Date): Date {
  return one < other ? one : other;
}

function laterOf(one: Date, other: Date): Date {
  return one > other ? one : other;
}
