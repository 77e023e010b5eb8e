import { createHash, randomUUID } from 'node:crypto';
import type { Document } from 'mongodb';
import { limits, withDeadline } from '../calls.ts';
import { asBytes, decodeAll } from '../decodeDocument.ts';
import { isDocument } from '../rowProblem.ts';
import type { JobRow, StateCollections } from '../stateCollections.ts';
import { dateOf, nameOf, textOf, unreadableIn, type ShownRow } from './shownRow.ts';
import { beginning } from './smsPages.ts';

/** What a job is told to do: the same for the same command line. */
export interface JobOrder {
  readonly kind: 'replay' | 'backfill';
  readonly arguments: Readonly<Record<string, string>>;
}

/** How often each thing happened, over all sessions of a job. */
export type JobCounts = Readonly<Record<string, number>>;

/** A job in this process' hands. */
export interface HeldJob {
  readonly id: string;
  /** Names this run in what it puts into durable state. */
  readonly run: string;
  readonly isResumed: boolean;
  /** The `_id` of the document that comes next. */
  readonly from: unknown;
  readonly counts: JobCounts;
}

export interface JobSummary extends ShownRow {
  readonly id: string;
  readonly kind: string | null;
  readonly arguments: Readonly<Record<string, string>>;
  readonly state: string | null;
  readonly counts: JobCounts;
  readonly startedAt: Date | null;
  readonly updatedAt: Date | null;
}

/** Jobs, so that an interrupted one goes on where it stopped, and no two do the same at once. */
export interface JobStore {
  /**
   * Takes the order's unfinished job up again, or begins a new one. Null while another process works on it: one
   * that has not been heard of for half a minute does not.
   */
  begin(order: JobOrder): Promise<HeldJob | null>;
  /** Saves how far it has come. False when another process has it by now. */
  save(job: HeldJob, progress: Pick<HeldJob, 'from' | 'counts'>): Promise<boolean>;
  /** Lets go of it. */
  end(job: HeldJob, state: 'finished' | 'interrupted'): Promise<void>;
  /** The latest first. */
  latest(limit: number): Promise<readonly JobSummary[]>;
}

/** Of a process that has saved nothing for so long it is taken for granted that it is gone. */
const SILENCE_MS = 30_000;

export function createJobStore(jobs: StateCollections['jobs']): JobStore {
  const token = randomUUID();
  const silentSince = { $subtract: ['$$NOW', SILENCE_MS] };
  const isSilent = {
    $or: [{ $ne: [{ $type: '$updatedAt' }, 'date'] }, { $lt: ['$updatedAt', silentSince] }],
  };
  const isFree = { $or: [{ state: { $ne: 'running' } }, { $expr: isSilent }] };
  return {
    async begin(order) {
      const id = idOf(order);
      // What can't be gone on from is begun anew.
      const isUnfinished = { $and: [{ $in: ['$state', ['running', 'interrupted']] }, isWhole] };
      const anew = { ...order, run: randomUUID(), from: beginning, counts: {} };
      const kept = Object.fromEntries(
        Object.entries(anew).map(([name, value]) => [
          name,
          { $cond: [isUnfinished, `$${name}`, { $literal: value }] },
        ]),
      );
      const startedAt = { $cond: [isUnfinished, '$startedAt', '$$NOW'] };
      const held = { ...kept, startedAt, state: 'running', token, updatedAt: '$$NOW' };
      // An upsert can't ask for the server's time, so a row that is missing is added by itself.
      await withDeadline(limits.question, () =>
        jobs.updateOne({ _id: id }, { $setOnInsert: { state: 'new' } }, { upsert: true }),
      );
      const row = await withDeadline(limits.question, () =>
        jobs.findOneAndUpdate({ _id: id, ...isFree }, [{ $set: held }], {
          returnDocument: 'after',
          projection: { run: 1, from: 1, counts: 1 },
        }),
      );
      return row === null ? null : toHeld(row, row['run'] !== anew.run);
    },
    async save({ id }, { from, counts }) {
      const set = { from: { $literal: from }, counts: { $literal: counts }, updatedAt: '$$NOW' };
      const { matchedCount } = await withDeadline(limits.question, () =>
        jobs.updateOne({ _id: id, token }, [{ $set: set }]),
      );
      return matchedCount === 1;
    },
    async end({ id }, state) {
      const set = { state, updatedAt: '$$NOW' };
      await withDeadline(limits.question, () =>
        jobs.updateOne({ _id: id, token }, [{ $set: set }]),
      );
    },
    async latest(limit) {
      const found = await withDeadline(limits.question, () =>
        jobs
          .find({ updatedAt: { $exists: true } }, { sort: { updatedAt: -1 }, limit, ...asBytes })
          .toArray(),
      );
      return decodeAll(found).map(toSummary);
    },
  };
}

/** What an unfinished job is gone on from. */
const isWhole: Document = {
  $and: [
    { $eq: [{ $type: '$run' }, 'string'] },
    { $ne: [{ $type: '$from' }, 'missing'] },
    { $eq: [{ $type: '$counts' }, 'object'] },
    { $eq: [{ $type: '$startedAt' }, 'date'] },
  ],
};

function idOf({ kind, arguments: given }: JobOrder): string {
  const entries = Object.entries(given).toSorted(([one], [other]) => (one < other ? -1 : 1));
  const digest = createHash('sha256').update(JSON.stringify(entries)).digest('hex');
  return `${kind} ${digest.slice(0, 16)}`;
}

function toHeld(row: JobRow, isResumed: boolean): HeldJob {
  return {
    id: row._id,
    run: row['run'] as string,
    isResumed,
    from: row['from'] as unknown,
    counts: countsOf(row['counts']),
  };
}

/** Whatever else a row says, it is shown; `unreadable` when it is not as it was written. */
function toSummary(row: Document): JobSummary {
  return {
    id: nameOf(row),
    kind: textOf(row['kind']),
    arguments: textsOf(row['arguments']),
    state: textOf(row['state']),
    counts: countsOf(row['counts']),
    startedAt: dateOf(row['startedAt']),
    updatedAt: dateOf(row['updatedAt']),
    ...unreadableIn('job', row),
  };
}

function countsOf(value: unknown): JobCounts {
  const counts = isDocument(value) ? Object.entries(value as Document) : [];
  return Object.fromEntries(counts.filter(([, count]) => Number.isSafeInteger(count)));
}

function textsOf(value: unknown): Readonly<Record<string, string>> {
  const given = isDocument(value) ? Object.entries(value as Document) : [];
  return Object.fromEntries(
    given.flatMap(([name, text]) => (typeof text === 'string' ? [[name, text]] : [])),
  );
}
