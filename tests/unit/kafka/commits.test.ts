import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { createCommits } from '../../../src/kafka/commits.ts';
import { codes } from '../../../src/kafka/errorCodes.ts';
import { watch } from '../../support/recorders.ts';

const limitMs = 10_000;
const place = (partition: number, offset: number) => ({ topic: 't', partition, offset });
const rebalancing = { message: 'rebalancing', code: codes.rebalanceInProgress };

beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());

describe('a commit', () => {
  it('is answered by the event that names its partition and offset', async () => {
    const commits = createCommits(limitMs);
    const first = commits.expect(place(0, 5));
    const other = watch(commits.expect(place(1, 5)));
    commits.answered(undefined, [place(0, 5)]);
    expect(await first).toBeNull();
    expect(other.isSettled).toBe(false);
  });

  it('that failed says why', async () => {
    const commits = createCommits(limitMs);
    const answer = commits.expect(place(0, 5));
    commits.answered(rebalancing, [place(0, 5)]);
    expect(await answer).toBe(rebalancing);
  });

  it('made twice is answered twice, in turn', async () => {
    const commits = createCommits(limitMs);
    const [first, second] = [commits.expect(place(0, 5)), commits.expect(place(0, 5))];
    commits.answered(rebalancing, [place(0, 5)]);
    commits.answered(undefined, [place(0, 5)]);
    expect([await first, await second]).toEqual([rebalancing, null]);
  });

  it('that nobody answers in time has failed, and a late answer is for nobody else', async () => {
    const commits = createCommits(limitMs);
    const late = commits.expect(place(0, 5));
    await jest.advanceTimersByTimeAsync(limitMs);
    expect(await late).toMatchObject({ code: codes.timedOut });
    commits.answered(undefined, [place(0, 5)]);
    const next = commits.expect(place(0, 6));
    commits.answered(undefined, [place(0, 6)]);
    expect(await next).toBeNull();
  });

  it('is not waited for once the consumer is closed', async () => {
    const commits = createCommits(limitMs);
    const begun = commits.expect(place(0, 5));
    commits.close();
    expect(await begun).toMatchObject({ code: codes.timedOut });
    expect(await commits.expect(place(0, 6))).toMatchObject({ code: codes.timedOut });
    expect(jest.getTimerCount()).toBe(0);
  });
});
