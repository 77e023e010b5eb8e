import { describe, expect, it } from '@jest/globals';
import { mediansOf } from '../../../scripts/bench/measurement.ts';
import { aRun } from './aRow.ts';

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

  it('takes each server by itself', () => {
    const runs = [10, 30, 20].map((cpuUs) =>
      aRun({ servers: { broker: { cpuUs, peakRssMb: 100 - cpuUs } } }),
    );
    expect(mediansOf(runs).servers).toEqual({ broker: { cpuUs: 20, peakRssMb: 80 } });
  });

  it('keeps what does not apply', () => {
    const nothing = { mongodCpuUs: null, latencyMs: null, unrecorded: null };
    expect(mediansOf([aRun(nothing), aRun(nothing)])).toMatchObject(nothing);
  });
});
