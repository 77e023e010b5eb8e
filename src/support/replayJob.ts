import { createJobStore, type HeldJob, type JobOrder, type JobPlace } from '../mongo/jobs.ts';
import { createReplayQueue } from '../mongo/retrySupport.ts';
import {
  beginning,
  recordedIn,
  unrecordedIn,
  type FoundSms,
  type SmsPages,
} from '../mongo/smsPages.ts';
import { createTimeZone } from '../runtime/timeZone.ts';
import { createObstacles, enqueueAll, type FindObstacle, type Tally } from './enqueueAll.ts';
import { toBackfill, toReplay, type Candidate, type Span } from './replayCandidates.ts';
import { Refused, type Session } from './session.ts';
import { count, several } from './words.ts';

export interface SpanOptions extends JobOptions {
  readonly span: Span;
}

/** Has all that ended in one of these states within the span notified once more. */
export async function replaySpan(
  session: Session,
  { span, states, ...options }: SpanOptions & { readonly states: readonly string[] },
): Promise<JobResult> {
  const { zone, search } = placesIn(session, span, options);
  const wanted = [...new Set(states)].toSorted();
  const until = span.until.toISOString();
  return await runJob(session, {
    ...options,
    order: {
      kind: 'replay',
      arguments: { ...argumentsOf(span), until, state: wanted.join(',') },
    },
    // What waits is counted.
    pages: recordedIn((await session.mongo()).sms, { ...search, states: [...wanted, 'retrying'] }),
    toCandidate: (found, run) => toReplay(found, span, { zone, run }),
  });
}

/** Has all statuses of the span that were never notified notified. `isOpenEnded`: its end is only the time of asking. */
export async function backfillSpan(
  session: Session,
  { span, isOpenEnded, ...options }: SpanOptions & { readonly isOpenEnded: boolean },
): Promise<JobResult> {
  const { zone, search } = placesIn(session, span, options);
  const until = isOpenEnded ? {} : { until: span.until.toISOString() };
  const deliveryStatuses = new Set(session.config.notify.deliveryStatuses);
  return await runJob(session, {
    ...options,
    order: { kind: 'backfill', arguments: { ...argumentsOf(span), ...until } },
    pages: unrecordedIn((await session.mongo()).sms, search),
    toCandidate: (found) => toBackfill(found, span, { zone, deliveryStatuses }),
    findObstacle: await createObstacles(session),
  });
}

function placesIn({ config }: Session, span: Span, { perSecond }: JobOptions) {
  const { uuidRepresentation } = config.mongodb;
  return {
    zone: createTimeZone(config.call.payloadTimeZone),
    search: { ...span, uuidRepresentation, pageSize: pageSizeFor(perSecond) },
  };
}

/** What of a span names the job. */
function argumentsOf({ since, accountId }: Span): Readonly<Record<string, string>> {
  const account = accountId === null ? {} : { account: String(accountId) };
  return { since: since.toISOString(), ...account };
}

/** How a job is to be run, whatever it searches for. */
interface JobOptions {
  readonly perSecond: number;
  readonly isDryRun: boolean;
  /** Called with the progress; null where nobody watches, so that nothing is counted for it. */
  readonly onProgress: ((progress: JobProgress) => void) | null;
  /** How many are to be examined, as far as that is known; if absent, it is counted for who watches. */
  readonly total?: number | null;
  /** Called once the job is this process's; never in a dry run. */
  readonly onBegun?: (job: Pick<HeldJob, 'id' | 'isResumed'>) => void;
}

export interface JobProgress {
  readonly examined: number;
  /** To be examined in all; null until that is known. */
  readonly total: number | null;
  readonly queued: number;
}

interface ReplayJob extends JobOptions {
  readonly order: JobOrder;
  readonly pages: SmsPages;
  toCandidate(found: FoundSms, run: string): Candidate;
  readonly findObstacle?: FindObstacle;
}

const SAVE_EVERY_MS = 1_000;
const PAGE_AT_MOST = 500;

/** As many documents as are queued within a second: a body is to be of the document as it is now. */
function pageSizeFor(perSecond: number): number {
  return Math.min(PAGE_AT_MOST, perSecond);
}

/** Has the running worker notify all that the pages bring; goes on where an interrupted run stopped. */
async function runJob(session: Session, job: ReplayJob): Promise<JobResult> {
  return job.isDryRun ? await preview(session, job) : await queue(session, job);
}

async function preview(session: Session, job: ReplayJob): Promise<JobResult> {
  const total = watchTotal(job);
  const { tally, isFinished } = await enqueueAll({
    ...(await common(session, job, 'a run to come')),
    from: beginning,
    before: {},
    onProgress({ examined, queued }) {
      job.onProgress?.({ examined, total: total(), queued });
      return Promise.resolve(true);
    },
  });
  const { kind } = job.order;
  return { job: kind, dryRun: true, resumed: false, finished: isFinished, counts: tally };
}

async function queue(session: Session, job: ReplayJob): Promise<JobResult> {
  const { kind } = job.order;
  const jobs = createJobStore((await session.mongo()).state.jobs);
  const held = await jobs.begin(job.order);
  if (held === null) {
    throw new Refused(
      `The same ${kind} is running in another process, or was running less than 30 s ago.`,
    );
  }
  job.onBegun?.(held);
  const total = watchTotal(held.total === null ? job : { ...job, total: held.total });
  let saved = performance.now();
  let last: JobPlace = held;
  try {
    const { tally, isFinished } = await enqueueAll({
      ...(await common(session, job, held.run)),
      from: held.from,
      before: held.counts,
      async onProgress(sofar, from) {
        const { examined, queued } = sofar;
        job.onProgress?.({ examined, total: total(), queued });
        last = { from, counts: { ...sofar }, total: total() };
        if (performance.now() - saved < SAVE_EVERY_MS) return true;
        saved = performance.now();
        return await save(last);
      },
    });
    await save({ ...last, counts: tally, total: isFinished ? tally.examined : last.total });
    await jobs.end(held, isFinished ? 'finished' : 'interrupted');
    const { isResumed: resumed } = held;
    return { job: kind, dryRun: false, resumed, finished: isFinished, counts: tally };
  } catch (error) {
    // So that it can be run again at once. Where that fails too, it is free when it has been silent for long enough.
    await jobs.save(held, last).catch(() => undefined);
    await jobs.end(held, 'interrupted').catch(() => undefined);
    throw error;
  }

  async function save(progress: JobPlace): Promise<true> {
    if (held !== null && (await jobs.save(held, progress))) return true;
    throw new Refused('Another process has taken over this job.');
  }
}

async function common(
  { mongo, stopping }: Session,
  { pages, perSecond, isDryRun, toCandidate, findObstacle }: ReplayJob,
  run: string,
) {
  return {
    pages,
    perSecond,
    isDryRun,
    findObstacle,
    rows: createReplayQueue((await mongo()).state),
    toCandidate: (found: FoundSms) => toCandidate(found, run),
    stopping,
  };
}

/** Counts beside the work, where somebody watches; null until it is known. */
function watchTotal({ onProgress, pages, total: known }: ReplayJob): () => number | null {
  let total = known ?? null;
  if (onProgress === null || known !== undefined) return () => total;
  pages.count().then(
    (number) => (total = number),
    () => undefined,
  );
  return () => total;
}

/** What a job has come to. */
export interface JobResult {
  readonly job: 'replay' | 'backfill';
  readonly dryRun: boolean;
  /** It went on where an interrupted one stopped. */
  readonly resumed: boolean;
  readonly finished: boolean;
  readonly counts: Tally;
}

const words: readonly (readonly [keyof Tally, string])[] = [
  ['queued_before', 'queued before'],
  ['waiting', 'already waiting, unchanged'],
  ['ended', 'already notified'],
  ['filtered', 'with a status that is not notified'],
  ['unplaceable', 'without a time'],
  ['unusable', 'unusable'],
  ['too_large', 'too large'],
  ['not_opted_in', 'of accounts that have not opted in'],
  ['no_default_webhook', 'of accounts without a default webhook'],
  ['flow_webhook_disabled', 'of flows for which the webhook is not enabled'],
  ['invalid_webhook', "to webhooks that can't be called"],
  ['endpoint_disabled', 'to disabled endpoints'],
  ['route_unknown', 'for which MySQL has no answer'],
];

/** How many were queued, how many were not and why, and what follows. */
export function jobSentence({ dryRun, finished, counts }: JobResult): string {
  const what = countsText(counts, dryRun ? 'would be queued' : 'queued');
  const end = finished
    ? dryRun || counts.queued === 0
      ? '.'
      : '; the running worker makes the calls.'
    : '; interrupted. The same command resumes here.';
  return `${what}${end}`;
}

/** How many were queued, or would be, and how many were not and why: the beginning of a sentence. */
export function countsText(
  counts: Readonly<Record<string, number>>,
  verb: 'queued' | 'would be queued',
): string {
  const others = words.flatMap(([kind, what]) => {
    const number = counts[kind] ?? 0;
    return number > 0 ? [`${count(number)} ${what}`] : [];
  });
  return [`${several(counts['queued'] ?? 0, 'notification')} ${verb}`, ...others].join(', ');
}
