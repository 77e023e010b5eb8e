import { expect, it } from '@jest/globals';
import { comesTrue } from '../../../scripts/bench/clock.ts';

const { signal } = new AbortController();

it('looks until it is true', async () => {
  let looks = 0;
  const third = async (): Promise<boolean> => (looks += 1) === 3;
  expect(await comesTrue(third, { limitMs: 60_000, everyMs: 1, signal })).toBe(true);
  expect(looks).toBe(3);
});

it('gives up at the limit, having looked', async () => {
  let looks = 0;
  const never = async (): Promise<boolean> => (looks += 1) < 0;
  expect(await comesTrue(never, { limitMs: 0, everyMs: 1, signal })).toBe(false);
  expect(looks).toBe(1);
});

it('ends with the signal', async () => {
  const aborted = AbortSignal.abort();
  const looking = comesTrue(async () => false, { limitMs: 60_000, everyMs: 1, signal: aborted });
  await expect(looking).rejects.toThrow('aborted');
});
