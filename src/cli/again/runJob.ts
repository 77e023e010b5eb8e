import { createAgainRows } from '../../mongo/operator/againRows.ts';
import { createJobStore, type HeldJob, type JobOrder } from '../../mongo/operator/jobStore.ts';
import { beginning, type FoundSms, type SmsPages } from '../../mongo/operator/smsPages.ts';
import { Refused, type Bench, type CommandResult } from '../command.ts';
import { bar } from '../progress.ts';
import { count, several } from '../words.ts';
import type { Candidate } from './candidate.ts';
import { tellAgain, type Tally } from './tellAgain.ts';

export interface AgainJob {
  readonly order: JobOrder;
  readonly pages: SmsPages;
  toCandidate(found: FoundSms, run: string): Candidate;
  readonly perSecond: number;
  readonly isDryRun: boolean;
}

const SAVE_EVERY_MS = 1_000;
const PAGE_AT_MOST = 200;

/** As many documents as are queued within a second: a body is to be of the document as it is now. */
export function pageSizeFor(perSecond: number): number {
  return Math.min(PAGE_AT_MOST, perSecond);
}

/** Has the running worker tell all that the pages bring; goes on where an interrupted session stopped. */
export async function runJob(bench: Bench, job: AgainJob): Promise<CommandResult> {
  return job.isDryRun ? await foresee(bench, job) : await queue(bench, job);
}

async function foresee(bench: Bench, job: AgainJob): Promise<CommandResult> {
  const total = watchTotal(bench, job.pages);
  const { tally, isFinished } = await tellAgain({
    ...(await common(bench, job, 'a run to come')),
    from: beginning,
    before: {},
    onProgress(sofar) {
      bench.progress.show(bar(sofar.examined, total()));
      return Promise.resolve(true);
    },
  });
  return resultOf(job, { tally, isFinished, isResumed: false });
}

async function queue(bench: Bench, job: AgainJob): Promise<CommandResult> {
  const jobs = createJobStore((await bench.mongo()).state.jobs);
  const held = await jobs.begin(job.order);
  if (held === null) {
    throw new Refused(
      `The same ${job.order.kind} is being run by another process, or was until less than 30 s ago.`,
    );
  }
  const total = watchTotal(bench, job.pages);
  let saved = performance.now();
  let last: Pick<HeldJob, 'from' | 'counts'> = held;
  try {
    const { tally, isFinished } = await tellAgain({
      ...(await common(bench, job, held.run)),
      from: held.from,
      before: held.counts,
      async onProgress(sofar, from) {
        bench.progress.show(`${bar(sofar.examined, total())}, ${count(sofar.queued)} queued`);
        last = { from, counts: { ...sofar } };
        if (performance.now() - saved < SAVE_EVERY_MS) return true;
        saved = performance.now();
        return await save(last);
      },
    });
    await save({ ...last, counts: tally });
    await jobs.end(held, isFinished ? 'finished' : 'interrupted');
    return resultOf(job, { tally, isFinished, isResumed: held.isResumed });
  } catch (error) {
    // So that it can be run again at once. Where that fails too, it is free when it has been silent for long enough.
    await jobs.save(held, last).catch(() => undefined);
    await jobs.end(held, 'interrupted').catch(() => undefined);
    throw error;
  }

  async function save(progress: Pick<HeldJob, 'from' | 'counts'>): Promise<true> {
    if (held !== null && (await jobs.save(held, progress))) return true;
    throw new Refused('Another process has taken this over.');
  }
}

async function common(
  bench: Bench,
  { pages, perSecond, isDryRun, toCandidate }: AgainJob,
  run: string,
) {
  return {
    pages,
    perSecond,
    isDryRun,
    rows: createAgainRows((await bench.mongo()).state),
    toCandidate: (found: FoundSms) => toCandidate(found, run),
    stopping: bench.stopping,
  };
}

/** Counts beside the work, where somebody watches; null until it is known. */
function watchTotal({ progress }: Bench, pages: SmsPages): () => number | null {
  let total: number | null = null;
  if (!progress.isShown) return () => total;
  pages.count().then(
    (number) => (total = number),
    () => undefined,
  );
  return () => total;
}

const words: readonly (readonly [keyof Tally, string])[] = [
  ['queued_before', 'queued before'],
  ['waiting', 'waiting already, left alone'],
  ['ended', 'told already'],
  ['filtered', 'of a status that is not told'],
  ['unplaceable', 'without a time'],
  ['unusable', 'unusable'],
  ['too_large', 'too large'],
];

function resultOf(
  { order, isDryRun }: AgainJob,
  { tally, isFinished, isResumed }: { tally: Tally; isFinished: boolean; isResumed: boolean },
): CommandResult {
  const data = {
    job: order.kind,
    dryRun: isDryRun,
    resumed: isResumed,
    finished: isFinished,
    counts: tally,
  };
  const others = words
    .filter(([kind]) => tally[kind] > 0)
    .map(([kind, what]) => `${count(tally[kind])} ${what}`);
  const verb = isDryRun ? ' would be queued' : ' queued';
  const what = [`${several(tally.queued, 'notification')}${verb}`, ...others].join(', ');
  const end = isFinished
    ? isDryRun || tally.queued === 0
      ? '.'
      : '; the running worker calls.'
    : '; interrupted. The same command goes on from here.';
  return { data, text: `${what}${end}`, isProblem: !isFinished };
}
