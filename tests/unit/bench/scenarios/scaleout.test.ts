import { expect, it } from '@jest/globals';
import { scaleoutToText, targetsOf } from '../../../../scripts/bench/scenarios/scaleout.ts';
import { aRow } from '../aRow.ts';

const servers = {
  broker: { cpuUs: 21, peakRssMb: 431 },
  connector: { cpuUs: 33, peakRssMb: 252 },
};
const rows = [
  aRow('change stream'),
  aRow('Kafka × 1', { perSecond: 40, cpuUs: 440, mongodCpuUs: 300, servers }),
  aRow('Kafka × 2', { perSecond: 75, isComplete: false, repeated: 2, servers }),
];

it('shows what each part costs, and next to the change stream', () => {
  const text = scaleoutToText(rows);
  const lines = text.split('\n');
  expect(text).toMatch(/^change stream +50 +400 +200 +– +– +4\.00 +9\.00 +90$/m);
  expect(text).toMatch(/^Kafka × 1 +40 +440 +300 +21 +33 +4\.00 +9\.00 +90$/m);
  const ratios = lines.filter((line) => line.startsWith('  against stream'));
  expect(ratios.map((line) => line.trim().split(/\s+/).slice(2, 5))).toEqual([
    ['0.80×', '1.10×', '1.50×'],
    ['1.50×', '1.00×', '1.00×'],
  ]);
  expect(text).toContain('Kafka × 1: RSS of the broker 431 MB, of the connector 252 MB');
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80);
});

it('says what went wrong', () => {
  const text = scaleoutToText(rows);
  expect(text).toContain('Kafka × 2*');
  expect(text).toContain('* stopped at its time limit');
  expect(text).toContain('Kafka × 2: 2 calls repeated');
});

it('compares the CPU time of one worker', () => {
  expect(targetsOf(rows)).toEqual([expect.objectContaining({ measured: 1.1, target: '≤ 1.15 ×' })]);
});
