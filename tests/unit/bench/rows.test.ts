import { describe, expect, it } from '@jest/globals';
import { cpuPlot, inRounds, latencyPlot, ratePlot } from '../../../scripts/bench/rows.ts';
import { aRow, aRun } from './aRow.ts';

it('every round has each of the subjects once', async () => {
  const order: string[] = [];
  const subject = (name: string, rates: number[]): Parameters<typeof inRounds>[1][number] => ({
    name,
    label: name,
    async measure() {
      order.push(name);
      return await Promise.resolve(aRun({ perSecond: rates.shift() ?? Number.NaN }));
    },
  });
  const subjects = [subject('small', [10, 30, 20]), subject('large', [3, 2, 1])];
  const rows = await inRounds({ rounds: 3, log: () => undefined }, subjects);
  expect(order).toEqual(['small', 'large', 'small', 'large', 'small', 'large']);
  expect(rows).toMatchObject([
    {
      name: 'small',
      perSecond: 20,
      runs: [{ perSecond: 10 }, { perSecond: 30 }, { perSecond: 20 }],
    },
    { name: 'large', perSecond: 2 },
  ]);
});

const rows = [
  aRow('naive-1', { perSecond: 600, cpuUs: 1200, isComplete: false }),
  aRow('got-post', { mongodCpuUs: null, latencyMs: null }),
  aRow('worker', { perSecond: 3900, cpuUs: 400, latencyMs: { p50: 5, p99: 20, p999: 90 } }),
];

describe('plots of what was compared', () => {
  it('have a bar for each rate, the worker standing out', () => {
    expect(ratePlot(rows).groups).toEqual([
      { label: 'naive-1*', isEmphasised: false, values: [600] },
      { label: 'got-post', isEmphasised: false, values: [50] },
      { label: 'worker', isEmphasised: true, values: [3900] },
    ]);
  });

  it('have the CPU time of both processes, where both have a part', () => {
    expect(cpuPlot(rows).groups.map(({ values }) => values)).toEqual([
      [1200, 200],
      [400, null],
      [400, 200],
    ]);
  });

  it('leave out whom no status is written for where latencies are shown', () => {
    const { groups, scale } = latencyPlot(rows);
    expect(groups.map(({ label, values }) => [label, values])).toEqual([
      ['naive-1*', [4, 9, 12]],
      ['worker', [5, 20, 90]],
    ]);
    expect(scale).toBe('logarithmic');
  });

  it('say what the mark means where there is one', () => {
    expect(ratePlot(rows).note).toContain('* stopped');
    expect(ratePlot(rows.slice(1)).note).toBeNull();
  });

  it('have as many values as series', () => {
    for (const { series, groups } of [ratePlot(rows), cpuPlot(rows), latencyPlot(rows)]) {
      expect(new Set(groups.map(({ values }) => values.length))).toEqual(new Set([series.length]));
    }
  });
});
