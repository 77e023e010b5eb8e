import { expect, it } from '@jest/globals';
import { joinCalls } from '../../../src/runtime/joinCalls.ts';

it('answers all who ask meanwhile by one call, and the next by another', async () => {
  let calls = 0;
  const ask = joinCalls(async () => {
    calls += 1;
    return await Promise.resolve(calls);
  });
  expect(await Promise.all([ask(), ask(), ask()])).toEqual([1, 1, 1]);
  expect(await ask()).toBe(2);
});

it('fails for all who asked meanwhile, and is asked again after that', async () => {
  let calls = 0;
  const ask = joinCalls(async () => {
    calls += 1;
    if (calls === 1) throw new Error('away');
    return await Promise.resolve('here');
  });
  const asked = await Promise.allSettled([ask(), ask()]);
  expect(asked.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  expect(await ask()).toBe('here');
});
