import { expect, it } from '@jest/globals';
import { createSlots } from '../../../../scripts/bench/baselines/task.ts';
import { until } from '../../../support/until.ts';

it('never runs more than its limit, and all in the order they came', async () => {
  const slots = createSlots(2);
  const ends: (() => void)[] = [];
  const started: number[] = [];
  let most = 0;
  let running = 0;
  const starting = Array.from({ length: 6 }, async (_, n) => {
    await slots.run(async () => {
      started.push(n);
      running += 1;
      most = Math.max(most, running);
      await new Promise<void>((resolve) => ends.push(resolve));
      running -= 1;
    });
  });
  for (let ended = 0; ended < 6; ended += 1) {
    await until('one more runs', () => ends.length > ended);
    ends[ended]?.();
  }
  await Promise.all(starting);
  expect(started).toEqual([0, 1, 2, 3, 4, 5]);
  expect(most).toBe(2);
});
