import type { Change, StreamPosition } from '../domain/change.ts';
import { changeInGap, isBeforeGap, type FoundDocument, type Gap } from '../domain/gap.ts';
import type { TimeZone } from '../domain/timeZone.ts';
import { delay } from '../runtime/abort.ts';
import type { Logger } from '../runtime/logger.ts';
import { retryTransient } from '../runtime/retryTransient.ts';
import type { GapStore } from './ports.ts';

/** How soon to look for a gap after another part of the worker has put one down, and how often anyway. */
const REST = { atLeastMs: 100, atMostMs: 10_000 };
/**
 * Between two pages, so that a search through millions of documents leaves the database to others: as long
 * as the page's reading took, within these bounds.
 */
const REST_AT_LEAST_MS = 20;
const REST_AT_MOST_MS = 1_000;
/** Ids of unplaceable documents that one search writes into the log; the others are only counted. */
const LISTED_AT_MOST = 100;

export interface SweepGapsDeps {
  readonly gaps: GapStore;
  readonly marginMs: number;
  readonly zone: TimeZone;
  /**
   * Resolves when the change is settled, with whether it was news: its call may still run, in durable
   * state. Rejects only when the worker is stopping.
   */
  handle(change: Change): Promise<boolean>;
  /**
   * Resolves when the stream has been read as far as the database is now. What a page shows then is either known by
   * the stream, or was set before it and is older than all it still brings. Rejects only when the worker is stopping.
   */
  streamIsThere(): Promise<void>;
  readonly logger: Logger;
  readonly stopping: AbortSignal;
}

/**
 * Looks for the statuses that the change stream could not show, in the SMS collection itself: each SMS'
 * present status is told unless it was told before. Goes on where a predecessor stopped, page by page.
 */
export async function sweepGaps(deps: SweepGapsDeps): Promise<void> {
  const { gaps, logger, stopping } = deps;
  while (!stopping.aborted) {
    const gap = await retryTransient(() => gaps.oldest(), {
      what: 'gap',
      signal: stopping,
      logger,
    });
    if (gap === null) await gaps.news.rest(REST, stopping).catch(() => undefined);
    else await sweep(gap, deps);
  }
}

async function sweep(gap: Gap, deps: SweepGapsDeps): Promise<void> {
  const { gaps, logger, stopping } = deps;
  const what = { what: 'gap', signal: stopping, logger };
  logger.warn('gap_sweep_begins', { from: gap.from, to: gap.to });
  let listed = 0;
  for (;;) {
    const begunAt = performance.now();
    const page = await retryTransient(() => gaps.nextPage(gap), what);
    const readingMs = performance.now() - begunAt;
    if (page.found.length > 0) await deps.streamIsThere();
    const came = await Promise.all(page.found.map((found) => recover(found, gap, deps)));
    const unplaced = page.found.filter((_found, index) => came[index] === 'unplaceable');
    const recovered = came.filter((each) => each === 'recovered').length;
    for (const { document } of unplaced.slice(0, LISTED_AT_MOST - listed)) {
      logger.warn('unplaceable_document', { id: document['_id'] });
      listed += 1;
    }
    const tally = { recovered, unplaceable: unplaced.length };
    await retryTransient(() => gaps.passed(gap, page, tally), what);
    if (page.isLast) break;
    await delay(Math.min(Math.max(readingMs, REST_AT_LEAST_MS), REST_AT_MOST_MS), stopping);
  }
  const counts = await retryTransient(() => gaps.remove(gap), what);
  logger.warn('gap_swept', { from: gap.from, to: gap.to, ...counts });
}

type Recovery = 'recovered' | 'unplaceable' | 'known';

async function recover(
  found: FoundDocument,
  gap: Gap,
  { marginMs, zone, handle }: SweepGapsDeps,
): Promise<Recovery> {
  if (isBeforeGap(found.document, gap, { zone, marginMs })) return 'known';
  const change = changeInGap(found, gap, { zone, position: nowhere });
  if (change === null) return 'unplaceable';
  return (await handle(change)) ? 'recovered' : 'known';
}

/** A found document has no place in the stream, and needs none: the gap's own progress stands for it. */
const nowhere: StreamPosition = { wallTime: new Date(0), opaque: null };
