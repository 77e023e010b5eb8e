import { noAttempts } from '../../domain/attemptLog.ts';
import type { ParkableNotification } from '../../pipeline/retryPort.ts';
import { limits, withDeadline } from '../calls.ts';
import { fitsIntoRow, toRetryRow } from '../retryRow.ts';
import { insertion } from '../retryStore.ts';
import type { StateCollections } from '../stateCollections.ts';

/** A notification to be told by the worker that runs: nobody has looked up as yet where it leads. */
export type Again = Pick<ParkableNotification, 'subject' | 'accountId' | 'flowId' | 'body'>;

/** What became of each, in the order given. */
export type Queued =
  /** In durable state, due at once. */
  | 'queued'
  /** By an earlier session of the same run. */
  | 'queued_before'
  /** Left alone: it waits for a retry, or another run has it. */
  | 'waiting'
  /** The ledger has its end: of this run, or, without one, any. */
  | 'ended'
  /** Its body is larger than durable state can hold. */
  | 'too_large';

/** Notifications that are to be told though no change tells of them. Both reject when the database does not answer. */
export interface AgainRows {
  /** Puts them into durable state unless they are there, or have ended in their run. */
  add(all: readonly Again[]): Promise<readonly Queued[]>;
  /** What `add` would do. */
  foresee(all: readonly Again[]): Promise<readonly Queued[]>;
}

type Memory = Pick<StateCollections, 'retries' | 'sent'>;

export function createAgainRows({ retries, sent }: Memory): AgainRows {
  const sort = async (
    all: readonly Again[],
    take: (wanted: readonly Again[]) => Promise<ReadonlyMap<string, Queued>>,
  ): Promise<readonly Queued[]> => {
    const fits = await Promise.all(all.map(async ({ body }) => await fitsIntoRow(body)));
    const ended = await findEnded(sent, all);
    const wanted = all.filter(
      ({ subject }, index) => fits[index] === true && !ended.has(subject.notificationId),
    );
    const taken = await take(wanted);
    return all.map(({ subject }, index) => {
      if (fits[index] !== true) return 'too_large';
      if (ended.has(subject.notificationId)) return 'ended';
      return taken.get(subject.notificationId) ?? 'waiting';
    });
  };
  return {
    add: async (all) => await sort(all, async (wanted) => await insert(retries, wanted)),
    foresee: async (all) =>
      await sort(all, async (wanted) => await standing(retries, wanted, 'queued')),
  };
}

async function findEnded(
  sent: StateCollections['sent'],
  all: readonly Again[],
): Promise<ReadonlySet<string>> {
  const ids = all.map(({ subject }) => subject.notificationId);
  const rows = await withDeadline(limits.question, () =>
    sent.find({ _id: { $in: ids } }, { projection: { run: 1 } }).toArray(),
  );
  const runs = new Map(rows.map((row) => [row._id, row['run'] as string | null]));
  return new Set(
    all.flatMap(({ subject: { notificationId, run } }) => {
      const has = runs.has(notificationId);
      return has && (run === undefined || runs.get(notificationId) === run) ? [notificationId] : [];
    }),
  );
}

async function insert(
  retries: StateCollections['retries'],
  all: readonly Again[],
): Promise<ReadonlyMap<string, Queued>> {
  if (all.length === 0) return new Map();
  const undecided = { isStale: false, lookUps: 0 };
  const more = { log: noAttempts, webhook: null, undecided };
  const rows = await Promise.all(all.map(async (each) => await toRetryRow({ ...each, ...more })));
  const { upsertedIds } = await withDeadline(limits.question, () =>
    retries.bulkWrite(
      rows.map((row) => ({
        updateOne: { filter: { _id: row._id }, update: insertion(row, 0, null), upsert: true },
      })),
      { ordered: false },
    ),
  );
  const news = new Set(Object.values(upsertedIds).map(String));
  const others = all.filter(({ subject }) => !news.has(subject.notificationId));
  const added = [...news].map((id) => [id, 'queued'] as const);
  return new Map([...added, ...(await standing(retries, others, 'waiting'))]);
}

/** What the rows there are say of these; `otherwise` for those that have none. */
async function standing(
  retries: StateCollections['retries'],
  all: readonly Again[],
  otherwise: Queued,
): Promise<ReadonlyMap<string, Queued>> {
  const ids = all.map(({ subject }) => subject.notificationId);
  const rows = await withDeadline(limits.question, () =>
    retries.find({ _id: { $in: ids } }, { projection: { run: 1 } }).toArray(),
  );
  const runs = new Map(rows.map((row) => [row._id, row['run'] as unknown]));
  return new Map(
    all.map(({ subject: { notificationId, run } }) => {
      if (!runs.has(notificationId)) return [notificationId, otherwise];
      const isOurs = run !== undefined && runs.get(notificationId) === run;
      return [notificationId, isOurs ? 'queued_before' : 'waiting'];
    }),
  );
}
