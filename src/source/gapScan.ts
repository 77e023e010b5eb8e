import type { Change, StreamPosition } from '../domain/change.ts';
import { changeInGap, isBeforeGap, type FoundDocument, type Gap } from '../domain/gap.ts';
import type { TimeZone } from '../domain/sms.ts';
import { delay } from '../runtime/abort.ts';
import type { Logger } from '../runtime/logger.ts';
import { retryTransient } from '../runtime/retry.ts';
import type { Partition } from '../ports/source.ts';

/** How soon to look for a gap after this worker has recorded one, and how often otherwise. */
const REST = { atLeastMs: 100, atMostMs: 10_000 };
/**
 * Pause between two pages, so that a scan of millions of documents leaves the database to others: as long as reading
 * the page took, within these bounds.
 */
const REST_AT_LEAST_MS = 20;
const REST_AT_MOST_MS = 1_000;
/** Clocks may be wrong by hours. */
const LASTS_AT_MOST_MS = 60_000;
/** How many documents without a time one scan logs by id; the rest are only counted. */
const LISTED_AT_MOST = 100;

interface GapScanDeps {
  readonly partition: Pick<Partition, 'gaps' | 'caughtUp' | 'stopping'>;
  readonly marginMs: number;
  readonly zone: TimeZone;
  /**
   * The time by MongoDB's clock, where pages show statuses of after the gap that nobody has read: a topic has other
   * readers, and a connector that may be behind. Absent where all that a page shows has been read before.
   */
  readonly now?: () => number;
  /**
   * Resolves once the change is durable, with whether it was new. Its call may still be running, from durable state.
   */
  processChange(change: Change): Promise<boolean>;
  readonly logger: Logger;
}

/**
 * Searches the SMS collection for statuses that the change stream could not show: the present status of each SMS is
 * processed unless it has been already. Resumes where a predecessor stopped, page by page.
 */
export async function scanGaps(deps: GapScanDeps): Promise<void> {
  const { partition, logger } = deps;
  const { gaps, stopping } = partition;
  const what = { what: 'gap', signal: stopping, logger };
  while (!stopping.aborted) {
    const gap = await retryTransient(() => gaps.oldest(), what);
    if (gap === null) await gaps.changed.sleep(REST, stopping);
    else await scan(gap, deps);
  }
}

async function scan(gap: Gap, deps: GapScanDeps): Promise<void> {
  const { partition, logger } = deps;
  const { gaps, stopping } = partition;
  const what = { what: 'gap', signal: stopping, logger };
  logger.warn('gap_scan_started', { from: gap.from, to: gap.to });
  await untilOver(gap, deps);
  let listed = 0;
  for (;;) {
    const begunAt = performance.now();
    const page = await retryTransient(() => gaps.nextPage(gap), what);
    const readingMs = performance.now() - begunAt;
    const shown = { ...gap, to: latestShown(gap, deps) };
    // Whatever the page shows has then come through the stream, or is older than everything the stream still brings.
    if (page.found.length > 0) await partition.caughtUp();
    const came = await Promise.all(page.found.map((found) => recover(found, shown, deps)));
    const unplaced = page.found.filter((_found, index) => came[index] === 'unplaceable');
    const recovered = came.filter((each) => each === 'recovered').length;
    for (const { document } of unplaced.slice(0, LISTED_AT_MOST - listed)) {
      logger.warn('document_without_time', { id: document['_id'] });
      listed += 1;
    }
    const tally = { recovered, unplaceable: unplaced.length };
    await retryTransient(() => gaps.passed(gap, page, tally), what);
    if (page.isLast) break;
    await delay(Math.min(Math.max(readingMs, REST_AT_LEAST_MS), REST_AT_MOST_MS), stopping);
  }
  const counts = await retryTransient(() => gaps.remove(gap), what);
  logger.warn('gap_scan_finished', { from: gap.from, to: gap.to, ...counts });
}

/** A gap may last on when it is recorded: what is written until its end must be there. */
async function untilOver({ to }: Gap, { now, partition }: GapScanDeps): Promise<void> {
  const leftMs = now === undefined ? 0 : to.getTime() - now();
  if (leftMs > 0) await delay(Math.min(leftMs, LASTS_AT_MOST_MS), partition.stopping);
}

/** No status that a page shows was set later. To be called once it is read. */
function latestShown({ to }: Gap, { now }: GapScanDeps): Date {
  return now === undefined ? to : new Date(Math.max(to.getTime(), now()));
}

type Recovery = 'recovered' | 'unplaceable' | 'known';

async function recover(
  found: FoundDocument,
  gap: Gap,
  { marginMs, zone, processChange }: GapScanDeps,
): Promise<Recovery> {
  if (isBeforeGap(found.document, gap, { zone, marginMs })) return 'known';
  const change = changeInGap(found, gap, { zone, position: nowhere });
  if (change === null) return 'unplaceable';
  return (await processChange(change)) ? 'recovered' : 'known';
}

/** A found document has no position in the stream, and needs none: the gap's progress covers it. */
const nowhere: StreamPosition = { wallTime: new Date(0), opaque: null };
