import type { IntegerId } from '../../domain/ids.ts';
import { onAbort } from '../../runtime/abort.ts';
import { toError } from '../../runtime/errors.ts';
import type { Logger } from '../../runtime/logger.ts';
import { sentenceOf } from '../../support/errorSentence.ts';
import { findRunningJob, type AccountReplay } from '../../support/jobs.ts';
import { replaySpan, type JobProgress } from '../../support/replayJob.ts';
import { Refused, type Session } from '../../support/session.ts';
import { createCounts, type Counts } from './counts.ts';

interface ReplayOrder extends AccountReplay {
  readonly perSecond: number;
  /** How many there are to be examined; if absent, it is as stored with the job, else it is counted. */
  readonly total?: number;
}

/** Replays that this process works on, as `replay` on a command line does. */
export interface Jobs extends Counts {
  /**
   * Begins one, or goes on with an interrupted one; resolves with its name as soon as it is this process's. Rejects with
   * `Refused` while another one of this account runs, in whichever process.
   */
  start(order: ReplayOrder): Promise<string>;
  /** How far one is that this process works on; null for any other. */
  progressOf(id: string): JobProgress | null;
  /** Why this process could not finish it, in one sentence; null when it did, or has never worked on it. */
  problemOf(id: string): string | null;
  /** Has it stop where it is, to go on later. False for one that this process does not work on. */
  stop(id: string): boolean;
  /** Resolves when none is running. After the session's `stopping` that is soon. */
  settled(): Promise<void>;
}

/** Pages are to have most of the connections. */
const AT_ONCE = 3;
const PROBLEMS_REMEMBERED = 100;

interface Running {
  readonly stop: AbortController;
  id: string | null;
  progress: JobProgress;
  ended: Promise<void>;
}

export function createJobs(session: Session, logger: Pick<Logger, 'error'>): Jobs {
  /** By account. */
  const running = new Map<string, Running>();
  /** By the name of the job. */
  const problems = new Map<string, string>();
  const find = (id: string): Running | undefined =>
    [...running.values()].find((job) => job.id === id);

  const work = async (order: ReplayOrder, job: Running, onBegun: (id: string) => void) => {
    const { accountId, perSecond, total, span, states } = order;
    const other = await findRunningJob(session, accountId);
    if (other !== null) throw busy(accountId);
    await replaySpan(
      { ...session, stopping: job.stop.signal },
      {
        ...{ span, states, perSecond },
        ...(total === undefined ? {} : { total }),
        isDryRun: false,
        onProgress: (progress) => (job.progress = progress),
        onBegun({ id }) {
          job.id = id;
          problems.delete(id);
          onBegun(id);
        },
      },
    );
  };

  return {
    ...createCounts(session),
    async start(order) {
      const account = String(order.accountId);
      if (session.stopping.aborted) throw new Refused('The console is stopping: try again later.');
      if (running.has(account)) throw busy(order.accountId);
      if (running.size >= AT_ONCE) {
        throw new Refused(`${AT_ONCE} jobs are running here already: wait until one has finished.`);
      }
      const begun = Promise.withResolvers<string>();
      const stop = new AbortController();
      const forget = onAbort(session.stopping, () => stop.abort());
      const progress = { examined: 0, total: order.total ?? null, queued: 0 };
      const job: Running = { stop, id: null, progress, ended: Promise.resolve() };
      running.set(account, job);
      job.ended = work(order, job, begun.resolve)
        .catch((thrown: unknown) => {
          const error = toError(thrown);
          begun.reject(error);
          if (job.id === null) return;
          remember(problems, job.id, sentenceOf(error));
          const route = '/accounts/:accountId/resend';
          logger.error('console_request_failed', { method: 'POST', route, error });
        })
        .finally(() => {
          forget();
          running.delete(account);
        });
      return await begun.promise;
    },
    progressOf: (id) => find(id)?.progress ?? null,
    problemOf: (id) => problems.get(id) ?? null,
    stop(id) {
      const job = find(id);
      job?.stop.abort();
      return job !== undefined;
    },
    async settled() {
      await Promise.all([...running.values()].map(async ({ ended }) => await ended));
    },
  };
}

function busy(accountId: IntegerId): Refused {
  return new Refused(
    `Notifications of account ${accountId} are being resent already: wait until that job has finished, or stop it.`,
  );
}

function remember(problems: Map<string, string>, id: string, problem: string): void {
  const [oldest] = problems.keys();
  if (problems.size >= PROBLEMS_REMEMBERED && oldest !== undefined) problems.delete(oldest);
  problems.set(id, problem);
}
