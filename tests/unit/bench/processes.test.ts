import { expect, it } from '@jest/globals';
import { cpuUsIn, residentMbIn } from '../../../scripts/bench/processes.ts';

it('CPU time is user and system time, whatever the process is called', () => {
  const before = '0 1 1 0 -1 4194304 5 6 7 8';
  expect(cpuUsIn(`42 (a (strange) S name) S ${before} 150 50 1 1 20 0 11 0`)).toBe(2_000_000);
});

it('memory is what is resident, now and at the most', () => {
  const status = 'VmPeak:\t 999 kB\nVmHWM:\t  204800 kB\nVmRSS:\t 51200 kB\n';
  expect(residentMbIn(status)).toEqual({ now: 50, peak: 200 });
});
