import { NO_ENDPOINT } from '../ports/retries.ts';
import { findAll, limits, withDeadline } from './calls.ts';
import { dueIndex, type RetryRows } from './retryRow.ts';
import { kinds, show, type Shown } from './storedRow.ts';

/** Counted one by one up to here, at each endpoint. */
const COUNTED_EXACTLY = 10_000;

const waitingView = {
  endpoint: ['endpoint', kinds.name],
  accountId: ['accountId', kinds.anyId],
  webhookId: ['webhookId', kinds.anyId],
  /** Without userinfo, query and fragment. */
  url: ['url', kinds.anyText],
  /** Due first there; of one that is being called, when its claim ends. */
  dueAt: ['nextAttemptAt', kinds.anyDate],
} as const;

export type WaitingEndpoint = Shown<typeof waitingView> & {
  readonly waiting: number;
  /** There are more than are counted. */
  readonly isAtLeast: boolean;
};

/**
 * The endpoints at which notifications wait, that of the one due first foremost, at most `limit` of them. Reads one entry
 * of an index for each endpoint, and counts in the index alone. Rejects when the database does not answer.
 */
export async function readWaitingEndpoints(
  retries: RetryRows,
  { limit, except }: Readonly<{ limit: number; except: readonly string[] }>,
): Promise<readonly WaitingEndpoint[]> {
  const firsts = await withDeadline(limits.gauge, () =>
    retries
      .aggregate<{ _id: string }>([
        { $match: { nextAttemptAt: { $type: 'date' } } },
        { $sort: dueIndex },
        { $group: { _id: '$endpoint', dueAt: { $first: '$nextAttemptAt' } } },
        { $match: { _id: { $type: 'string', $nin: [NO_ENDPOINT, ...except] } } },
        { $sort: { dueAt: 1 } },
        { $limit: limit },
      ])
      .toArray(),
  );
  const found = await Promise.all(
    firsts.map(async ({ _id: endpoint }) => await readOne(retries, endpoint)),
  );
  return found.flat();
}

async function readOne(retries: RetryRows, endpoint: string): Promise<readonly WaitingEndpoint[]> {
  const projection = { endpoint: 1, accountId: 1, webhookId: 1, url: 1, nextAttemptAt: 1 };
  const first = { sort: { nextAttemptAt: 1 }, limit: 1, projection } as const;
  const [[row], waiting] = await Promise.all([
    findAll(limits.gauge, retries, { endpoint }, first),
    withDeadline(limits.gauge, () =>
      retries.countDocuments({ endpoint }, { limit: COUNTED_EXACTLY }),
    ),
  ]);
  // Called meanwhile.
  if (row === undefined) return [];
  return [{ ...show(row, waitingView), waiting, isAtLeast: waiting === COUNTED_EXACTLY }];
}
