import { canGoOn, type JobSummary } from '../../support/jobs.ts';
import type { Tone } from '../components/parts.tsx';

/** As its own page and the overview call it. */
export function titleOf({
  kind,
  arguments: given,
}: Pick<JobSummary, 'kind' | 'arguments'>): string {
  const whose = given['account'] === undefined ? 'all accounts' : `account ${given['account']}`;
  const what = kind === 'backfill' ? 'Backfill' : 'Resending';
  return `${what} for ${whose}`;
}

/** One that has saved nothing for a while is not running any more. */
export function stateOf(job: JobSummary): string {
  if (job.state === 'running' && canGoOn(job)) return 'interrupted';
  return job.state ?? 'unknown';
}

const tones: Readonly<Record<string, Tone>> = {
  running: 'waiting',
  interrupted: 'bad',
  finished: 'good',
};

export function toneOf(state: string): Tone {
  return tones[state] ?? 'unknown';
}
