import { describe, expect, it } from '@jest/globals';
import { accountReplayOf, canGoOn, commandOf, type JobSummary } from '../../../src/support/jobs.ts';
import { countsText } from '../../../src/support/replayJob.ts';

const since = '2026-01-31T10:00:00.000Z';
const until = '2026-01-31T12:00:00.000Z';
const aJob = (fields: Partial<JobSummary> = {}): JobSummary => ({
  ...{ id: 'replay 1', kind: 'replay', state: 'interrupted', counts: {}, total: null },
  arguments: { since, until, account: '28', state: 'delivered,failed' },
  startedAt: new Date(until),
  updatedAt: new Date(until),
  ...fields,
});

describe('the replay of an account', () => {
  it('is read from what its job was to do', () => {
    expect(accountReplayOf(aJob())).toEqual({
      accountId: 28,
      span: { since: new Date(since), until: new Date(until), accountId: 28 },
      states: ['delivered', 'failed'],
    });
  });

  it.each<[string, Partial<JobSummary>]>([
    ['a backfill', { kind: 'backfill' }],
    ['of no account', { arguments: { since, until, state: 'failed' } }],
    ['of an odd account', { arguments: { since, until, state: 'failed', account: '28x' } }],
    ['of no state', { arguments: { since, until, account: '28', state: 'lost' } }],
    ['without an end', { arguments: { since, account: '28', state: 'failed' } }],
  ])('is not %s', (_what, fields) => {
    expect(accountReplayOf(aJob(fields))).toBeNull();
  });
});

describe('the command of a job', () => {
  it('has the same arguments', () => {
    expect(commandOf(aJob())).toBe(
      `npm run cli -- replay --since ${since} --until ${until} --account 28 --state delivered,failed`,
    );
    const backfill = aJob({ kind: 'backfill', arguments: { since } });
    expect(commandOf(backfill)).toBe(`npm run cli -- backfill --since ${since}`);
    expect(commandOf(backfill, 'notify-on-delivery')).toBe(
      `notify-on-delivery backfill --since ${since}`,
    );
  });

  it.each<[string, Partial<JobSummary>]>([
    ['what somebody else has written', { arguments: { since: '$(id)' } }],
    ['two words', { arguments: { since: `${since} --rate 1` } }],
    ['another kind', { kind: 'rm' }],
  ])('is not made of %s', (_what, fields) => {
    expect(commandOf(aJob(fields))).toBeNull();
  });
});

it('a job may go on that was interrupted, or whose process has been silent', () => {
  const now = new Date(until);
  const ago = (ms: number): Date => new Date(now.getTime() - ms);
  expect(canGoOn(aJob(), now)).toBe(true);
  expect(canGoOn(aJob({ state: 'finished' }), now)).toBe(false);
  expect(canGoOn(aJob({ state: 'running', updatedAt: ago(29_000) }), now)).toBe(false);
  expect(canGoOn(aJob({ state: 'running', updatedAt: ago(31_000) }), now)).toBe(true);
});

it('what came of a job is counted by reason', () => {
  expect(countsText({ queued: 1_200, waiting: 3, examined: 1_203 }, 'queued')).toBe(
    '1,200 notifications queued, 3 already waiting, unchanged',
  );
  expect(countsText({}, 'would be queued')).toBe('0 notifications would be queued');
});
