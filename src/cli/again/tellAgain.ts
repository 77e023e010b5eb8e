import { setTimeout as wait } from 'node:timers/promises';
import type { Again, AgainRows, Queued } from '../../mongo/operator/againRows.ts';
import type { JobCounts } from '../../mongo/operator/jobStore.ts';
import type { FoundSms, SmsPages } from '../../mongo/operator/smsPages.ts';
import type { Candidate } from './candidate.ts';

/** What a search has come to: how many of each kind, `examined` in all. */
export type Tally = Record<'examined' | Exclude<Candidate['kind'], 'tell'> | Queued, number>;

export interface TellAgainOptions {
  readonly pages: SmsPages;
  /** Where the first page begins. */
  readonly from: unknown;
  readonly before: JobCounts;
  readonly perSecond: number;
  readonly rows: AgainRows;
  readonly isDryRun: boolean;
  toCandidate(found: FoundSms): Candidate;
  /** Everything before `from` is in durable state. False to stop. */
  onProgress(tally: Tally, from: unknown): Promise<boolean>;
  readonly stopping: AbortSignal;
}

/** So many at once, and so many a second as they may be: short waits let a stop be quick. */
const BATCHES_PER_SECOND = 5;
const BATCH_AT_MOST = 200;

/**
 * Puts everything that the pages bring into durable state, at a steady rate. Resolves with how many of each kind
 * there were, and whether it came to the end.
 */
export async function tellAgain(
  options: TellAgainOptions,
): Promise<{ readonly tally: Tally; readonly isFinished: boolean }> {
  const { pages, perSecond, rows, isDryRun, toCandidate, onProgress, stopping } = options;
  const tally = tallyFrom(options.before);
  const size = Math.min(BATCH_AT_MOST, Math.max(1, Math.floor(perSecond / BATCHES_PER_SECOND)));
  const pace = createPace(perSecond, stopping);

  const take = async (batch: readonly FoundSms[]): Promise<number> => {
    const again: Again[] = [];
    for (const found of batch) {
      const candidate = toCandidate(found);
      tally.examined += 1;
      if (candidate.kind === 'tell') again.push(candidate.again);
      else tally[candidate.kind] += 1;
    }
    const queued = isDryRun ? await rows.foresee(again) : await rows.add(again);
    for (const each of queued) tally[each] += 1;
    return queued.filter((each) => each === 'queued').length;
  };

  for (let from = options.from; ;) {
    const { found, next } = await pages.page(from);
    for (let start = 0; start < found.length; start += size) {
      if (stopping.aborted) return { tally, isFinished: false };
      const queued = await take(found.slice(start, start + size));
      const following = found[start + size];
      const reached = following === undefined ? next : { from: following.at };
      if (reached !== null && !(await onProgress(tally, reached.from))) {
        return { tally, isFinished: false };
      }
      if (!isDryRun) await pace(queued);
    }
    if (next === null) return { tally, isFinished: true };
    const goesOn = found.length > 0 || (await onProgress(tally, next.from));
    if (stopping.aborted || !goesOn) return { tally, isFinished: false };
    from = next.from;
  }
}

function tallyFrom(before: JobCounts): Tally {
  const kinds = [
    'examined',
    'queued',
    'queued_before',
    'waiting',
    'ended',
    'too_large',
    'unusable',
    'filtered',
    'unplaceable',
    'outside',
  ] as const;
  const entries = kinds.map((kind) => [kind, before[kind] ?? 0] as const);
  return Object.fromEntries(entries) as Tally;
}

/** Waits so that no more than so many a second have gone by; a stop cuts the wait short. */
function createPace(perSecond: number, stopping: AbortSignal): (count: number) => Promise<void> {
  let dueAt = performance.now();
  return async (count) => {
    const now = performance.now();
    dueAt = Math.max(dueAt, now - 1_000) + (1_000 * count) / perSecond;
    if (dueAt <= now) return;
    await wait(dueAt - now, undefined, { signal: stopping }).catch(() => undefined);
  };
}
