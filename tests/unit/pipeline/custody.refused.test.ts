import { expect, it } from '@jest/globals';
import { CannotPark } from '../../../src/pipeline/retryPort.ts';
import { begun, begunAgain, hold } from './holding.ts';

it('goes on from memory, with no claim, when durable state refuses its row for good', async () => {
  const { custody, onParked } = await hold({
    turn: async (port) => {
      await Promise.resolve();
      if (port === 'parkClaimed') throw new CannotPark('refused');
    },
  });
  await custody.beginAttempt(begun);
  custody.attemptRuns(begun);
  custody.attemptEnded(begun);
  await custody.beginAttempt(begunAgain);
  expect(custody.canBeParked).toBe(false);
  custody.attemptRuns(begunAgain);
  expect(await custody.claim()).toBeNull();
  await expect(custody.release(begunAgain, 1)).rejects.toThrow(CannotPark);
  expect(onParked).not.toHaveBeenCalled();
  custody.close();
});
