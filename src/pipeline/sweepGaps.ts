import type { Change, StreamPosition } from '../domain/change.ts';
import { changeInGap, isBeforeGap, type FoundDocument, type Gap } from '../domain/gap.ts';
import type { TimeZone } from '../domain/timeZone.ts';
import { delay } from '../runtime/abort.ts';
import type { Logger } from '../runtime/logger.ts';
import { retryTransient } from '../runtime/retryTransient.ts';
import type { GapStore } from './ports.ts';

/** How often to look for a gap that another part of the worker has put down. */
const LOOK_EVERY_MS = 1_000;
/** Between two pages, so that a search through millions of documents leaves the database to others. */
const REST_MS = 20;

export interface SweepGapsDeps {
  readonly gaps: GapStore;
  readonly marginMs: number;
  readonly zone: TimeZone;
  /** Takes a change to its end; whether it was news. Rejects only when the worker is stopping. */
  handle(change: Change): Promise<boolean>;
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
    if (gap === null) await delay(LOOK_EVERY_MS, stopping).catch(() => undefined);
    else await sweep(gap, deps);
  }
}

async function sweep(gap: Gap, deps: SweepGapsDeps): Promise<void> {
  const { gaps, logger, stopping } = deps;
  const what = { what: 'gap', signal: stopping, logger };
  logger.warn('gap_sweep_begins', { from: gap.from, to: gap.to });
  for (;;) {
    const page = await retryTransient(() => gaps.nextPage(gap), what);
    const came = await Promise.all(page.found.map((found) => recover(found, gap, deps)));
    const count = (result: Recovery): number => came.filter((each) => each === result).length;
    const tally = { recovered: count('recovered'), unplaceable: count('unplaceable') };
    await retryTransient(() => gaps.passed(gap, page, tally), what);
    if (page.isLast) break;
    await delay(REST_MS, stopping);
  }
  const counts = await retryTransient(() => gaps.remove(gap), what);
  logger.warn('gap_swept', { from: gap.from, to: gap.to, ...counts });
}

type Recovery = 'recovered' | 'unplaceable' | 'known';

async function recover(
  found: FoundDocument,
  gap: Gap,
  { marginMs, zone, handle, logger }: SweepGapsDeps,
): Promise<Recovery> {
  if (isBeforeGap(found.document, gap, { zone, marginMs })) return 'known';
  const change = changeInGap(found, gap, { zone, position: nowhere });
  if (change === null) {
    logger.warn('unplaceable_document', { id: found.document['_id'] });
    return 'unplaceable';
  }
  return (await handle(change)) ? 'recovered' : 'known';
}

/** A found document has no place in the stream, and needs none: the gap's own progress stands for it. */
const nowhere: StreamPosition = { wallTime: new Date(0), opaque: null };
