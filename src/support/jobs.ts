import { parseIntegerId, type IntegerId } from '../domain/ids.ts';
import { createJobStore, type JobSummary } from '../mongo/jobs.ts';
import { endedStates, type EndedState } from '../mongo/listedRows.ts';
import type { Span } from './replayCandidates.ts';
import type { Session } from './session.ts';

export type { JobSummary };
export { endedStates, type EndedState };

/** Null when there is none of that name. */
export async function readJob({ mongo }: Session, id: string): Promise<JobSummary | null> {
  return await createJobStore((await mongo()).state.jobs).find(id);
}

/** The job for this account that any process works on; null when none does. */
export async function findRunningJob(
  { mongo }: Session,
  accountId: IntegerId,
): Promise<JobSummary | null> {
  return await createJobStore((await mongo()).state.jobs).runningOf(accountId);
}

/** What an account's replay is to do. */
export interface AccountReplay {
  readonly accountId: IntegerId;
  readonly span: Span;
  readonly states: readonly EndedState[];
}

/** Of which statuses a job is; null for an end that its order does not name. */
export function spanOf({ arguments: given }: Pick<JobSummary, 'arguments'>): {
  readonly since: Date | null;
  readonly until: Date | null;
} {
  const timeOf = (text: string | undefined): Date | null => {
    const at = new Date(text ?? '');
    return Number.isNaN(at.getTime()) ? null : at;
  };
  return { since: timeOf(given['since']), until: timeOf(given['until']) };
}

/** What a replay of one account was to do, so that it can go on; null for any other job. */
export function accountReplayOf(job: JobSummary): AccountReplay | null {
  const { kind, arguments: given } = job;
  const accountId = parseIntegerId(given['account']);
  const { since, until } = spanOf(job);
  const named = (given['state'] ?? '').split(',');
  const states = endedStates.filter((state) => named.includes(state));
  if (kind !== 'replay' || accountId === null || states.length === 0) return null;
  return since === null || until === null
    ? null
    : { accountId, span: { since, until, accountId }, states };
}

/** The command line that does the same, or goes on with it; `prefix` is how commands begin. Every argument is safe in a shell. */
export function commandOf(
  { kind, arguments: given }: JobSummary,
  prefix = 'npm run cli --',
): string | null {
  if (kind !== 'replay' && kind !== 'backfill') return null;
  const options = ['since', 'until', 'account', 'state'].flatMap((name) => {
    const value = given[name];
    return value === undefined ? [] : [`--${name} ${value}`];
  });
  const areSafe = options.every((option) => /^--[a-z]+ [\w:.,-]+$/.test(option));
  return areSafe ? [prefix, kind, ...options].join(' ') : null;
}

/** A process that has saved nothing for so long is gone, or hangs. */
const SILENCE_MS = 30_000;

/** Whether an unfinished job may go on: nobody works on it. */
export function canGoOn({ state, updatedAt }: JobSummary, now = new Date()): boolean {
  if (state === 'interrupted') return true;
  if (state !== 'running') return false;
  return updatedAt === null || now.getTime() - updatedAt.getTime() > SILENCE_MS;
}
