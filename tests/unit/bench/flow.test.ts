import { describe, expect, it } from '@jest/globals';
import {
  flowOf,
  flowRatios,
  flowsToText,
  mediansOfFlows,
  type Flow,
} from '../../../scripts/bench/flow.ts';
import type { Written } from '../../../scripts/bench/load.ts';

const SECOND_US = 1_000_000;

/** One a second, sent off 2 ms late. */
function written(count: number): readonly Written[] {
  return Array.from({ length: count }, (_, n) => {
    const dueUs = (n + 1) * SECOND_US;
    return { notificationId: `sms-${n}`, account: 0, dueUs, sentUs: dueUs + 2_000 };
  });
}

function arrivedAfter(each: readonly Written[], us: number): Map<string, number> {
  return new Map(each.map(({ notificationId, dueUs }) => [notificationId, dueUs + us]));
}

function aFlow(fields: Partial<Flow> = {}): Flow {
  return {
    count: 100,
    perSecond: 50,
    latencyMs: { p50: 4, p99: 9, p999: 12 },
    missing: 0,
    lagMs: 1,
    cores: 1,
    ...fields,
  };
}

describe('flowOf', () => {
  it('counts the latency from when a status was due, not from when it was sent', () => {
    const all = written(11);
    expect(flowOf({ written: all, cores: 0.5 }, arrivedAfter(all, 10_000), 60 * SECOND_US)).toEqual(
      {
        count: 11,
        perSecond: 1,
        latencyMs: { p50: 10, p99: 10, p999: 10 },
        missing: 0,
        lagMs: 2,
        cores: 0.5,
      },
    );
  });

  it('takes what came after the time of writing into the latency and not into the rate', () => {
    const all = written(11);
    const { perSecond, latencyMs } = flowOf(
      { written: all, cores: 0.5 },
      arrivedAfter(all, 5.5 * SECOND_US),
      60 * SECOND_US,
    );
    expect(perSecond).toBe(0.5);
    expect(latencyMs.p50).toBe(5_500);
  });

  it('does not forget what has not arrived', () => {
    const all = written(11);
    const arrivals = arrivedAfter(all, 10_000);
    arrivals.delete('sms-0');
    expect(flowOf({ written: all, cores: 0.5 }, arrivals, 61 * SECOND_US)).toMatchObject({
      count: 11,
      missing: 1,
      latencyMs: { p50: 10, p999: 60_000 },
    });
  });

  it('has no figures of nothing', () => {
    const { count, perSecond, latencyMs } = flowOf({ written: [], cores: 0 }, new Map(), SECOND_US);
    expect([count, perSecond, latencyMs.p99]).toEqual([0, Number.NaN, Number.NaN]);
  });
});

it('medians are taken field by field, what is missing is added up', () => {
  const flows = [
    aFlow({ perSecond: 10, missing: 2 }),
    aFlow({ perSecond: 30, latencyMs: { p50: 40, p99: 5, p999: 70 } }),
    aFlow({ perSecond: 20, missing: 1 }),
  ];
  expect(mediansOfFlows(flows)).toEqual(aFlow({ perSecond: 20, missing: 3 }));
});

it('ratios are the first by the second', () => {
  const slower = aFlow({ perSecond: 25, latencyMs: { p50: 8, p99: 9, p999: 6 } });
  expect(flowRatios(slower, aFlow())).toEqual({ perSecond: 0.5, p50: 2, p99: 1, p999: 0.5 });
});

it('the table fits 80 columns', () => {
  const large = aFlow({ perSecond: 1_234, latencyMs: { p50: 12_345, p99: 23_456, p999: 34_567 } });
  const text = flowsToText({ label: 'with', flow: large }, [{ label: 'not slow', flow: aFlow() }]);
  expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
  expect(text).toContain('24.7×');
});
