import { describe, expect, it } from '@jest/globals';
import { scheduleOf } from '../../../scripts/bench/load.ts';

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
