import { describe, expect, it } from '@jest/globals';
import { ratiosOf, toText, type Row } from '../../../scripts/bench/compare.ts';
import { mediansOf, type Measurement } from '../../../scripts/bench/measurement.ts';

function aRun(fields: Partial<Measurement> = {}): Measurement {
  return {
    count: 100,
    isComplete: true,
    perSecond: 50,
    cpuUs: 400,
    mongodCpuUs: 200,
    latencyMs: { p50: 4, p99: 9, p999: 12 },
    peakRssMb: 90,
    repeated: 0,
    unrecorded: 0,
    ...fields,
  };
}

function aRow(name: string, fields: Partial<Measurement> = {}): Row {
  return { name, label: name, runs: [], ...aRun(fields) };
}

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
