import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import {
  type AttemptLog,
  attemptsBeforeLast,
  noAttempts,
  withAttemptBegun,
  withOutcome,
} from '../../../src/domain/attempt.ts';
import { aLog, answered, aPosition, unanswered } from '../../support/builders.ts';

const at = (second: number): Date => aPosition(second).wallTime;

describe('the log of a notification’s attempts', () => {
  it('is empty before the first', () => {
    expect(noAttempts).toEqual({
      begun: 0,
      firstAttemptAt: null,
      runningSince: null,
      last: null,
      history: [],
    });
  });

  it('counts an attempt as it begins, before anything is known of it', () => {
    expect(withAttemptBegun(noAttempts, at(2))).toEqual({
      begun: 1,
      firstAttemptAt: at(2),
      runningSince: at(2),
      last: null,
      history: [],
    });
  });

  it('keeps when the first one began, however many follow', () => {
    const once = withAttemptBegun(noAttempts, at(2));
    expect(withAttemptBegun(once, at(9))).toMatchObject({ begun: 2, firstAttemptAt: at(2) });
  });

  it('keeps the last outcome in full and of those before it what a history tells', () => {
    const first = answered(503, { startedAt: at(2), durationMs: 1, retryAfter: '5' });
    const second = unanswered('timeout', { startedAt: at(4), durationMs: 2 });
    const third = answered(200, { startedAt: at(9), error: 'response_aborted' });
    const log = aLog(first, second, third);
    expect(log.last).toBe(third);
    expect(log.history).toEqual([
      { at: at(2), statusCode: 503, error: null, durationMs: 1 },
      { at: at(4), statusCode: null, error: 'timeout', durationMs: 2 },
    ]);
    expect(aLog(first, third, second).history.at(-1)).toEqual({
      at: at(9),
      statusCode: 200,
      error: 'response_aborted',
      durationMs: 12,
    });
  });

  it('knows of an attempt that was cut off when it began, and nothing else', () => {
    const cutOff = withAttemptBegun(aLog(answered(500, { startedAt: at(2) })), at(4));
    expect(attemptsBeforeLast(cutOff)).toEqual([
      { at: at(2), statusCode: 500, error: null, durationMs: 12 },
    ]);
    const log = withOutcome(withAttemptBegun(cutOff, at(6)), answered(200, { startedAt: at(6) }));
    expect(log).toMatchObject({ begun: 3, firstAttemptAt: at(2), runningSince: null });
    expect(log.history).toEqual([
      { at: at(2), statusCode: 500, error: null, durationMs: 12 },
      { at: at(4), statusCode: null, error: null, durationMs: 0 },
    ]);
    expect(attemptsBeforeLast(log)).toBe(log.history);
  });

  it('has an entry for every attempt before the last, whichever were cut off', () => {
    const property = fc.property(fc.array(fc.boolean(), { minLength: 1, maxLength: 9 }), (ends) => {
      const log = ends.reduce((before, isAnswered, index) => {
        const begun = withAttemptBegun(before, at(index));
        return isAnswered ? withOutcome(begun, answered(500, { startedAt: at(index) })) : begun;
      }, noAttempts);
      const times = attemptsBeforeLast(log).map((past) => past.at);
      expect(times).toEqual(ends.slice(1).map((_each, index) => at(index)));
      expect(log.runningSince === null).toBe(ends.at(-1));
    });
    fc.assert(property);
  });

  it('leaves the log it was made from as it was', () => {
    const before = Object.freeze(aLog(answered(500)));
    const copy = structuredClone(before);
    withOutcome(withAttemptBegun(before, at(5)), answered(200));
    expect(before).toEqual(copy);
  });

  it('keeps the ten before the last, oldest first, whatever their number', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), (count) => {
        const seconds = Array.from({ length: count }, (_each, index) => index);
        const outcomes = seconds.map((second) => answered(500, { startedAt: at(second) }));
        const log: AttemptLog = aLog(...outcomes);
        expect(log.begun).toBe(count);
        expect(log.last).toBe(outcomes.at(-1));
        expect(log.history.map((past) => past.at)).toEqual(seconds.slice(0, -1).slice(-10).map(at));
      }),
    );
  });
});
