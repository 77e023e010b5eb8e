import { expect, it } from '@jest/globals';
import { ratiosOf, toText } from '../../../scripts/bench/compare.ts';
import { aRow } from './aRow.ts';

it('ratios are the worker against the others', () => {
  const rows = [aRow('naive'), aRow('worker', { perSecond: 400, cpuUs: 100, mongodCpuUs: null })];
  expect(ratiosOf(rows)).toEqual([
    expect.objectContaining({
      name: 'naive',
      perSecond: 8,
      cpuUs: 0.25,
      mongodCpuUs: null,
      p50: 1,
    }),
  ]);
});

it('the tables fit 80 columns and say what went wrong', () => {
  const rows = [
    aRow('naive, one at a time', { isComplete: false }),
    aRow('worker', { repeated: 3 }),
  ];
  const text = toText(rows, ratiosOf(rows));
  expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
  expect(text).toContain('naive, one at a time*');
  expect(text).toContain('* stopped at its time limit');
  expect(text).toContain('worker: 3 calls repeated');
});
