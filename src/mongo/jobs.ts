import { createHash, randomUUID } from 'node:crypto';
import { BSONRegExp, type Collection, type Document } from 'mongodb';
import type { IntegerId } from '../domain/ids.ts';
import { aggregateAll, findAll, limits, withDeadline } from './calls.ts';
import { beginning } from './smsPages.ts';
import {
  documentOf,
  isCount,
  isDocument,
  isText,
  kinds,
  show,
  type ShapeOf,
  type Shown,
} from './storedRow.ts';

/** One replay or backfill, and how far it has come. */
export interface JobRow extends JobOrder {
  readonly _id: string;
  readonly run: string;
  readonly state: 'new' | 'running' | 'interrupted' | 'finished';
  /** The `_id` of the document that comes next. */
  readonly from: unknown;
  readonly counts: JobCounts;
  /** How many it will have examined in the end, as far as that has been counted; absent in rows of earlier versions. */
  readonly total?: number | null;
  /** Of the process that has it. */
  readonly token: string;
  readonly startedAt: Date;
  readonly updatedAt: Date;
}

const jobShape = {
  kind: kinds.text,
  arguments: {
    is: (value) => isDocument(value) && Object.values(value as Document).every(isText),
    must: 'a document of texts',
  },
  state: kinds.text,
  counts: {
    is: (value) => isDocument(value) && Object.values(value as Document).every(isCount),
    must: 'a document of counts',
  },
  total: kinds.countOrNull,
  run: kinds.text,
  from: { is: (value) => value !== undefined && !(value instanceof BSONRegExp), must: 'an _id' },
  startedAt: kinds.date,
  updatedAt: kinds.date,
} as const satisfies ShapeOf<JobRow>;

/** What a job is to do: the same for the same command line. */
export interface JobOrder {
  readonly kind: 'replay' | 'backfill';
  readonly arguments: Readonly<Record<string, string>>;
}

/** How often each thing happened, over all sessions of a job. */
export type JobCounts = Readonly<Record<string, number>>;

/** A job that this process works on. */
export interface HeldJob {
  readonly id: string;
  /** Names this run in the rows that it adds. */
  readonly run: string;
  readonly isResumed: boolean;
  /** The `_id` of the document that comes next. */
  readonly from: unknown;
  readonly counts: JobCounts;
  /** How many it will have examined in the end; null until that has been counted. */
  readonly total: number | null;
}

/** What is saved of it as it goes on. */
export type JobPlace = Pick<HeldJob, 'from' | 'counts' | 'total'>;

const jobView = {
  id: ['_id', kinds.anyName],
  kind: ['kind', kinds.anyText],
  arguments: ['arguments', { ...kinds.anyText, show: textsOf }],
  state: ['state', kinds.anyText],
  counts: ['counts', { ...kinds.anyText, show: countsOf }],
  total: ['total', kinds.countOrNull],
  startedAt: ['startedAt', kinds.anyDate],
  updatedAt: ['updatedAt', kinds.anyDate],
} as const;

export type JobSummary = Shown<typeof jobView>;

/** A process that has saved nothing for so long is assumed to be gone. */
const SILENCE_MS = 30_000;

/** Jobs, so that an interrupted one goes on where it stopped, and no two do the same at once. */
export function createJobStore(jobs: Collection<JobRow>) {
  const token = randomUUID();
  const silentSince = { $subtract: ['$$NOW', SILENCE_MS] };
  const isSilent = {
    $or: [{ $ne: [{ $type: '$updatedAt' }, 'date'] }, { $lt: ['$updatedAt', silentSince] }],
  };
  const isFree: Document = { $or: [{ state: { $ne: 'running' } }, { $expr: isSilent }] };
  return {
    /**
     * Resumes the order's unfinished job, or begins a new one. Null while another process works on it: one that has
     * saved nothing for half a minute does not.
     */
    async begin(order: JobOrder): Promise<HeldJob | null> {
      const id = jobId(order);
      // A job that can't be resumed begins again.
      const isUnfinished = { $and: [{ $in: ['$state', ['running', 'interrupted']] }, isWhole] };
      const fresh = { ...order, run: randomUUID(), from: beginning, counts: {} };
      const kept = Object.fromEntries(
        Object.entries(fresh).map(([name, value]) => [
          name,
          { $cond: [isUnfinished, `$${name}`, { $literal: value }] },
        ]),
      );
      const startedAt = { $cond: [isUnfinished, '$startedAt', '$$NOW'] };
      const total = { $cond: [isUnfinished, { $ifNull: ['$total', null] }, null] };
      const held = { ...kept, total, startedAt, state: 'running', token, updatedAt: '$$NOW' };
      // An upsert can't ask for the server's time, so a row that is missing is added by itself.
      await withDeadline(limits.question, () =>
        jobs.updateOne({ _id: id }, { $setOnInsert: { state: 'new' } }, { upsert: true }),
      );
      const { matchedCount } = await withDeadline(limits.question, () =>
        jobs.updateOne({ _id: id, ...isFree }, [{ $set: held }]),
      );
      if (matchedCount === 0) return null;
      // As its `_id`, since that goes back as it is stored.
      const place = { $project: { _id: '$from', run: 1, counts: 1, total: 1 } };
      const ours = { $match: { _id: id, token } };
      const [row] = await aggregateAll(limits.question, jobs, [ours, place]);
      if (row === undefined) return null;
      const { _id: from, run } = row as Readonly<{ _id: unknown; run: string }>;
      const isResumed = run !== fresh.run;
      const counted = isCount(row['total']) ? Number(row['total']) : null;
      return { id, run, isResumed, from, counts: countsOf(row['counts']), total: counted };
    },
    /** Saves how far it has come. False when another process has it by now. */
    async save({ id }: HeldJob, { from, counts, total }: JobPlace): Promise<boolean> {
      // Not by a pipeline: to compare one id with the next where one has a field twice ends the server (6.0).
      const update = { $set: { from, counts, total }, $currentDate: { updatedAt: true } } as const;
      const { matchedCount } = await withDeadline(limits.question, () =>
        jobs.updateOne({ _id: id, token }, update),
      );
      return matchedCount === 1;
    },
    /** Lets go of it. */
    async end({ id }: HeldJob, state: 'finished' | 'interrupted'): Promise<void> {
      const set = { state, updatedAt: '$$NOW' };
      await withDeadline(limits.question, () =>
        jobs.updateOne({ _id: id, token }, [{ $set: set }]),
      );
    },
    /** Null when there is none, or one that was never begun. */
    async find(id: string): Promise<JobSummary | null> {
      const begun = { _id: id, updatedAt: { $exists: true } };
      const [row] = await findAll(limits.question, jobs, begun, { limit: 1 });
      return row === undefined ? null : show(row, jobView, jobShape);
    },
    /** The account's job that some process works on; null when there is none. */
    async runningOf(accountId: IntegerId): Promise<JobSummary | null> {
      const running: Document = {
        state: 'running',
        'arguments.account': String(accountId),
        $expr: { $not: isSilent },
      };
      const [row] = await findAll(limits.question, jobs, running, { limit: 1 });
      return row === undefined ? null : show(row, jobView, jobShape);
    },
    /** The latest first. */
    async latest(limit: number): Promise<readonly JobSummary[]> {
      const begun = { updatedAt: { $exists: true } };
      const rows = await findAll(limits.question, jobs, begun, { sort: { updatedAt: -1 }, limit });
      return rows.map((row) => show(row, jobView, jobShape));
    },
  };
}

/** What it takes to resume an unfinished job. */
const isWhole: Document = {
  $and: [
    { $eq: [{ $type: '$run' }, 'string'] },
    { $ne: [{ $type: '$from' }, 'missing'] },
    { $eq: [{ $type: '$counts' }, 'object'] },
    { $eq: [{ $type: '$startedAt' }, 'date'] },
  ],
};

function jobId({ kind, arguments: given }: JobOrder): string {
  const entries = Object.entries(given).toSorted(([one], [other]) => (one < other ? -1 : 1));
  const digest = createHash('sha256').update(JSON.stringify(entries)).digest('hex');
  return `${kind} ${digest.slice(0, 16)}`;
}

function countsOf(value: unknown): JobCounts {
  const counts = Object.entries(documentOf(value));
  return Object.fromEntries(counts.filter(([, count]) => Number.isSafeInteger(count)));
}

function textsOf(value: unknown): JobOrder['arguments'] {
  return Object.fromEntries(Object.entries(documentOf(value)).filter(([, each]) => isText(each)));
}
