import { describe, expect, it } from '@jest/globals';
import { randomSchedule, scheduleOf } from '../../../scripts/bench/load.ts';

describe('scheduleOf', () => {
  it('has as many as there are in the time, in turn', () => {
    const schedule = scheduleOf({ perSecond: 4, seconds: 1.5, turns: [7, 8, 9] });
    expect(schedule.map(({ account }) => account)).toEqual([7, 8, 9, 7, 8, 9]);
    expect(schedule.map(({ atUs }) => atUs / 1_000)).toEqual([0, 250, 500, 750, 1_000, 1_250]);
  });

  it('puts those of one moment together, never later than they are due', () => {
    const schedule = scheduleOf({ perSecond: 1_000, seconds: 0.012, turns: [0] });
    expect(schedule.map(({ atUs }) => atUs)).toEqual([
      ...Array.from({ length: 5 }, () => 0),
      ...Array.from({ length: 5 }, () => 5_000),
      ...Array.from({ length: 2 }, () => 10_000),
    ]);
  });

  it('leaves out without moving the others', () => {
    const pace = { perSecond: 200, seconds: 1 };
    const whole = scheduleOf({ ...pace, turns: [0, 1, 0, 2] });
    const without = scheduleOf({ ...pace, turns: [null, 1, null, 2] });
    expect(without).toEqual(whole.filter(({ account }) => account !== 0));
    expect(without).toHaveLength(100);
  });
});

describe('randomSchedule', () => {
  const moments = randomSchedule(10_000, 50).map(({ atUs }) => atUs);

  it('has as many as wanted within the time, one after the other, and the same every time', () => {
    expect(moments).toHaveLength(10_000);
    expect(moments).toEqual(moments.toSorted((one, other) => one - other));
    expect(moments[0]).toBeGreaterThanOrEqual(0);
    expect(moments.at(-1)).toBeLessThan(50_000_000);
    expect(randomSchedule(10_000, 50).map(({ atUs }) => atUs)).toEqual(moments);
  });

  it('is as irregular as independent senders: of spacings, 1 in e is longer than the mean', () => {
    const long = moments.filter((atUs, n) => atUs - (moments[n - 1] ?? 0) > 5_000);
    expect(long.length / moments.length).toBeCloseTo(1 / Math.E, 1);
    const pairs = moments.filter((atUs, n) => atUs - (moments[n - 1] ?? 0) < 500);
    expect(pairs.length / moments.length).toBeCloseTo(1 - Math.exp(-0.1), 1);
  });
});
