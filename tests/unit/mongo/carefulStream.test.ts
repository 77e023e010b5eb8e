import { describe, expect, it } from '@jest/globals';
import { createReadingPace } from '../../../src/mongo/carefulStream.ts';

describe('the pace of careful reading', () => {
  it('has the next read go through less after one that was cut off, but never through nothing', () => {
    const pace = createReadingPace();
    const before = pace.spanS;
    pace.slower();
    expect(pace.spanS).toBeLessThan(before);
    for (let round = 0; round < 20; round += 1) pace.slower();
    expect(pace.spanS).toBe(1);
  });

  it('doubles what a read goes through while that is quick, and halves it when it becomes slow', () => {
    const pace = createReadingPace();
    const before = pace.spanS;
    pace.spanRead(10);
    pace.spanRead(2_000);
    expect(pace.spanS).toBe(2 * before);
    pace.spanRead(10_000);
    expect(pace.spanS).toBe(before);
  });

  it('asks for more quick events each time the ordinary way has failed before all was read', () => {
    const pace = createReadingPace();
    const before = pace.quickEvents;
    pace.resumed();
    pace.resumed();
    expect(pace.quickEvents).toBe(4 * before);
    pace.spanRead(0);
    pace.caughtUp();
    expect(pace).toMatchObject({ quickEvents: before, spanS: createReadingPace().spanS });
  });

  it('counts only the failures to step over an event that have no read between them', () => {
    const pace = createReadingPace();
    for (let round = 0; round < 9; round += 1) pace.stuck();
    expect(pace.isStuck).toBe(true);
    pace.moved();
    pace.stuck();
    expect(pace.isStuck).toBe(false);
  });
});
