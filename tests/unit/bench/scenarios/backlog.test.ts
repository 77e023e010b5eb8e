import { expect, it } from '@jest/globals';
import { backlogToText } from '../../../../scripts/bench/scenarios/backlog.ts';
import type { WorkedOff } from '../../../../scripts/bench/workOff.ts';

const run: WorkedOff = {
  count: 500_000,
  isOther: false,
  arrived: 500_000,
  seconds: 301.4,
  perSecond: 1_680,
  cpuUs: 590,
  mongodCpuUs: 330,
  peakRssMb: 231,
  parked: 0,
  repeated: 0,
  unrecorded: 0,
  samples: [
    { seconds: 2, arrived: 40_000, rssMb: 120 },
    { seconds: 100, arrived: 160_000, rssMb: 180 },
    { seconds: 301, arrived: 500_000, rssMb: 210 },
  ],
};

it('shows the memory by how much had arrived', () => {
  const text = backlogToText([run]);
  const lines = text.split('\n');
  expect(text).toMatch(/^500,000 statuses +301 +1,680 +590 +330 +231 +0$/m);
  expect(lines.at(-1)).toMatch(/^500,000 statuses +180 +180 +180( +210){7}$/);
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80);
});

it('says what went wrong', () => {
  const text = backlogToText([{ ...run, arrived: 160_000, repeated: 7, unrecorded: 3 }]);
  expect(text).toContain('500,000 statuses*');
  expect(text).toContain('* stopped when 160,000 had arrived');
  expect(text).toContain('500,000 statuses: 7 calls repeated');
  expect(text).toContain('500,000 statuses: 3 without a record');
});
