import type { Collection, Document, IndexSpecification } from 'mongodb';
import type { Change } from '../../src/domain/change.ts';
import type { Gap } from '../../src/domain/gap.ts';
import { stateCollections } from '../../src/mongo/database.ts';
import { createGapStore } from '../../src/mongo/gaps.ts';
import type { GapStore } from '../../src/ports/source.ts';
import { ignoreStopping, Stopping } from '../../src/runtime/abort.ts';
import { createTimeZone } from '../../src/runtime/timeZone.ts';
import { scanGaps } from '../../src/source/gapScan.ts';
import { createMemoryLogger } from './memoryLogger.ts';
import { until } from './until.ts';

const HOUR_MS = 3_600_000;
const marginMs = 24 * HOUR_MS;
const rememberMs = 72 * HOUR_MS;
/** The gap of all these tests. */
export const gapBegin = new Date('2024-05-10T12:00:00.000Z');
export const gapEnd = new Date('2024-05-10T18:00:00.000Z');

/** Milliseconds are added to the beginning of the gap. */
export function inGap(plusMs = 0): Date {
  return new Date(gapBegin.getTime() + plusMs);
}

/** A day and an hour before the gap: nothing of then belongs to it. */
export const beforeMargin = new Date(gapBegin.getTime() - 25 * HOUR_MS);

/** Ways to search: without an index of the customer's, and through one. */
export const ways: readonly Readonly<{ way: string; index: IndexSpecification | null }>[] = [
  { way: 'without an index', index: null },
  { way: 'by an ascending index', index: { deliveryTime: 1 } },
  { way: 'by a descending, compound index', index: { deliveryTime: -1, accountID: 1 } },
];

/** As many SMS as `count`, in inserts of a thousand. */
export async function insertSms(
  sms: Collection,
  count: number,
  of: (index: number) => Document,
): Promise<void> {
  const documents = Array.from({ length: count }, (_each, index) => of(index));
  for (let at = 0; at < count; at += 1_000) await sms.insertMany(documents.slice(at, at + 1_000));
}

export interface GapSearch {
  /** A store as a newly started worker has it. */
  store(): GapStore;
  /** Records the gap. */
  open(): Promise<Gap>;
  /** The row's `progress.kind`; null while there is none. */
  kind(): Promise<string | null>;
  /** The `_id`s of all pages, in order. */
  readAll(gap: Gap, options?: ReadOptions): Promise<unknown[]>;
  /** Scans as the worker does. */
  scan(handle?: (change: Change) => boolean): Promise<Scanned>;
}

interface ReadOptions {
  /** Called with how many pages have been passed. */
  readonly afterPage?: (pages: number) => Promise<void>;
}

interface Scanned {
  readonly changes: readonly Change[];
  readonly logger: ReturnType<typeof createMemoryLogger>;
}

export function createGapSearch(sms: Collection): GapSearch {
  const { gaps } = stateCollections(sms.db);
  const { signal } = new AbortController();
  const store = (): GapStore =>
    createGapStore({ sms, gaps, marginMs, rememberMs, clock: Date, signal });
  return {
    store,
    async open() {
      await store().add(gapBegin, gapEnd);
      const gap = await store().oldest();
      if (gap === null) throw new Error('the gap is not there');
      return gap;
    },
    async kind() {
      const row = await gaps.findOne({});
      const progress = row?.['progress'] as { kind: string } | null | undefined;
      return progress?.kind ?? null;
    },
    async readAll(gap, { afterPage } = {}) {
      const ids: unknown[] = [];
      for (let pages = 1; ; pages += 1) {
        const page = await store().nextPage(gap);
        ids.push(...page.found.map(({ document }) => document['_id']));
        await store().passed(gap, page, { recovered: page.found.length, unplaceable: 0 });
        if (page.isLast) return ids;
        await afterPage?.(pages);
      }
    },
    async scan(handle = () => true) {
      const stop = new AbortController();
      const logger = createMemoryLogger();
      const changes: Change[] = [];
      const scanning = scanGaps({
        partition: { gaps: store(), caughtUp: () => Promise.resolve(), stopping: stop.signal },
        marginMs,
        zone: createTimeZone('Asia/Kolkata'),
        processChange: (change) => {
          changes.push(change);
          return Promise.resolve(handle(change));
        },
        logger,
      });
      await until('the gap is scanned', () => logger.of('gap_scan_finished').length > 0);
      stop.abort(new Stopping());
      await scanning.catch(ignoreStopping);
      return { changes, logger };
    },
  };
}
