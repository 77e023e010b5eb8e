import { expect, it } from '@jest/globals';
import { cpuTimesOf, peakRssMbOf, serverCosts } from '../../../scripts/bench/costs.ts';

const own = process.pid;

it('sums what several processes cost, and keeps servers apart', async () => {
  const running = { pid: own, peers: [own, own], servers: { broker: own } };
  const single = await cpuTimesOf({ pid: own }, own);
  const group = await cpuTimesOf(running, own);
  expect(group.own).toBeGreaterThanOrEqual(3 * single.own);
  expect(group.main).toBeGreaterThanOrEqual(3 * single.main);
  expect(single.servers).toEqual({});
  expect(group.servers['broker']).toBeGreaterThanOrEqual(single.own);
  const peak = await peakRssMbOf({ pid: own });
  expect(await peakRssMbOf(running)).toBeGreaterThanOrEqual(3 * peak);
  const costs = await serverCosts(running, (name) => name.length);
  expect(costs).toEqual({ broker: { cpuUs: 6, peakRssMb: expect.any(Number) } });
  expect(costs['broker']?.peakRssMb).toBeGreaterThanOrEqual(peak);
});
