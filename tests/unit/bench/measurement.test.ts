import { describe, expect, it } from '@jest/globals';
import { ratiosOf, toText } from '../../../scripts/bench/compare.ts';
import { mediansOf } from '../../../scripts/bench/measurement.ts';
import { inRounds } from '../../../scripts/bench/rows.ts';
import { aRow, aRun } from './aRow.ts';

describe('mediansOf', () => {
  it('takes each field by itself', () => {
    const runs = [
      aRun({ perSecond: 10, cpuUs: 900 }),
      aRun({ perSecond: 30, cpuUs: 100 }),
      aRun({ perSecond: 20, cpuUs: 500, latencyMs: { p50: 40, p99: 9, p999: 1 } }),
    ];
    expect(mediansOf(runs)).toEqual(
      aRun({ perSecond: 20, cpuUs: 500, latencyMs: { p50: 4, p99: 9, p999: 12 } }),
    );
  });

  it('does not let a good run hide a bad one', () => {
    const runs = [aRun(), aRun({ repeated: 2, unrecorded: 1 }), aRun({ isComplete: false })];
    expect(mediansOf(runs)).toMatchObject({ repeated: 2, unrecorded: 1, isComplete: false });
  });

  it('keeps what does not apply', () => {
    const nothing = { mongodCpuUs: null, latencyMs: null, unrecorded: null };
    expect(mediansOf([aRun(nothing), aRun(nothing)])).toMatchObject(nothing);
  });
});

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
  const rows = await inRounds({ rounds: 3, tell: () => undefined }, subjects);
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
