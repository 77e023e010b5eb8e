import { describe, expect, it } from '@jest/globals';
import { Refused } from '../../support/fakeRetries.ts';
import { begin, begun, begunAgain, hold, id } from './claiming.ts';

it('goes on from memory, with no claim, when durable state refuses its row for good', async () => {
  const { claim, onPersisted } = await hold({
    turn: async (port) => {
      await Promise.resolve();
      if (port === 'scheduleClaimed') throw new Refused();
    },
  });
  await claim.beginAttempt(begun);
  claim.attemptRuns(begun);
  claim.attemptEnded(begun);
  await claim.beginAttempt(begunAgain);
  expect(claim.canBeScheduled()).toBe(false);
  claim.attemptRuns(begunAgain);
  expect(await claim.token()).toBeNull();
  expect(await claim.release(begunAgain, 1)).toBe('refused');
  expect(onPersisted).not.toHaveBeenCalled();
  claim.close();
});

describe('a row of durable state that is refused once it is there', () => {
  const refusing = (name: string) => async (port: string) => {
    await Promise.resolve();
    if (port === name) throw new Refused();
  };

  it('has its attempt made uncounted, and keeps its claim for its end', async () => {
    const { claim, retries } = await hold({ turn: refusing('beginAttempt'), fromRow: true });
    await claim.beginAttempt(begunAgain);
    claim.attemptRuns(begunAgain);
    claim.attemptEnded(begunAgain);
    expect(claim.canBeScheduled()).toBe(false);
    expect(await claim.token()).toBe(retries.rows.get(id)?.claim);
    claim.close();
  });

  it('is not released', async () => {
    const { claim, retries } = await hold({ turn: refusing('release'), fromRow: true });
    await begin(claim, begunAgain);
    expect(await claim.release(begunAgain, 1)).toBe('refused');
    expect(claim.canBeScheduled()).toBe(false);
    expect(await claim.token()).toBe(retries.rows.get(id)?.claim);
    claim.close();
  });
});
