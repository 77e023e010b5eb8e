import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { attemptErrors, type AttemptOutcome } from '../../../src/domain/attempt.ts';
import {
  disablesEndpoint,
  nextStep,
  type NextStep,
  type RetrySchedule,
} from '../../../src/domain/retryPolicy.ts';
import { answered, aPosition, unanswered } from '../../support/builders.ts';

const hour = 3_600_000;
const schedule: RetrySchedule = {
  quickRetriesMs: [1_000, 4_000],
  retryScheduleMs: [30_000, 120_000],
  retryAfterMaxMs: hour,
};
const attemptsInAll = 5;
const now = aPosition(100).wallTime;
const never = new Date(8.64e15);

const stepAfter = (
  outcome: AttemptOutcome,
  number: number,
  { random = 0, ...changed }: Partial<RetrySchedule> & { readonly random?: number } = {},
): NextStep => {
  const limits = { now, random, deadline: never, canBeScheduled: true };
  return nextStep(outcome, number, { ...schedule, ...changed }, limits);
};

describe('nextStep', () => {
  it.each([200, 201, 204, 299])(
    'takes a %i for delivered, at the first attempt as at the last',
    (code) => {
      expect(stepAfter(answered(code), 1)).toEqual({ kind: 'delivered' });
      expect(stepAfter(answered(code), attemptsInAll)).toEqual({ kind: 'delivered' });
    },
  );

  it('takes a 2xx whose body broke off for delivered', () => {
    const outcome = answered(200, { error: 'response_aborted' });
    expect(stepAfter(outcome, 1)).toEqual({ kind: 'delivered' });
  });

  it.each([199, 300, 301, 400, 404, 408, 429, 500, 503])('tries again after a %i', (code) => {
    expect(stepAfter(answered(code), 1)).toEqual({ kind: 'quickRetry', waitMs: 1_000 });
  });

  it.each(attemptErrors.filter((error) => error !== 'blocked_address'))(
    'tries again after %s',
    (error) => {
      expect(stepAfter(unanswered(error), 1).kind).toBe('quickRetry');
    },
  );

  it.each([
    ['quickRetry', 1, 0, 1_000],
    ['quickRetry', 1, 0.5, 1_100],
    ['quickRetry', 1, 0.999, 1_200],
    ['quickRetry', 2, 0, 4_000],
    ['quickRetry', 2, 0.25, 4_200],
    ['scheduled', 3, 0, 30_000],
    ['scheduled', 3, 0.5, 33_000],
    ['scheduled', 4, 0, 120_000],
    ['scheduled', 4, 0.999, 143_976],
  ])('is %s after attempt %i with random %d, for %i ms', (kind, number, random, waitMs) => {
    expect(stepAfter(answered(500), number, { random })).toEqual({ kind, waitMs });
  });

  it.each<[string, number, Partial<RetrySchedule>]>([
    ['after the last entry', attemptsInAll, {}],
    ['after the last quick one when there are no others', 3, { retryScheduleMs: [] }],
    ['after the last durable one when there are no quick ones', 3, { quickRetriesMs: [] }],
    ['at once when there is no entry', 1, { quickRetriesMs: [], retryScheduleMs: [] }],
  ])('gives up %s', (_when, number, changed) => {
    expect(stepAfter(answered(500), number, changed)).toEqual({
      kind: 'failed',
      reason: 'attempts_exhausted',
    });
  });

  const waits = fc.array(fc.integer({ min: 0, max: 86_400_000 }), { maxLength: 10 });
  const randoms = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
  const waitOf = (step: NextStep): number => ('waitMs' in step ? step.waitMs : Number.NaN);

  it("never waits less than the schedule's entry, nor more than a fifth longer", () => {
    fc.assert(
      fc.property(
        waits,
        waits,
        randoms,
        fc.nat(),
        (quickRetriesMs, retryScheduleMs, random, pick) => {
          const entries = [...quickRetriesMs, ...retryScheduleMs];
          fc.pre(entries.length > 0);
          const number = (pick % entries.length) + 1;
          const entry = entries[number - 1] ?? Number.NaN;
          const step = stepAfter(answered(500), number, {
            quickRetriesMs,
            retryScheduleMs,
            random,
          });
          expect(step.kind).toBe(number <= quickRetriesMs.length ? 'quickRetry' : 'scheduled');
          expect(waitOf(step)).toBeGreaterThanOrEqual(entry);
          expect(waitOf(step)).toBeLessThanOrEqual(Math.ceil(entry * 1.2));
        },
      ),
    );
  });

  it('makes one attempt more than the schedule has entries, never another', () => {
    fc.assert(
      fc.property(waits, waits, randoms, (quickRetriesMs, retryScheduleMs, random) => {
        const options = { quickRetriesMs, retryScheduleMs, random };
        let attempts = 1;
        while ('waitMs' in stepAfter(unanswered('timeout'), attempts, options)) attempts += 1;
        expect(attempts).toBe(quickRetriesMs.length + retryScheduleMs.length + 1);
      }),
    );
  });

  it('never waits less than the receiver asks for up to the longest it can ask for', () => {
    fc.assert(
      fc.property(
        fc.nat(100_000),
        fc.integer({ min: 1, max: 4 }),
        randoms,
        (asked, number, random) => {
          const outcome = answered(503, { retryAfter: String(asked) });
          const step = stepAfter(outcome, number, { random });
          const unasked = waitOf(stepAfter(answered(503), number));
          const leastMs = Math.max(Math.min(asked * 1_000, hour), unasked);
          expect(waitOf(step)).toBeGreaterThanOrEqual(leastMs);
          expect(waitOf(step)).toBeLessThanOrEqual(Math.ceil(leastMs * 1.2));
        },
      ),
    );
  });
});

describe('a Retry-After', () => {
  const asking = (retryAfter: string, code = 503): AttemptOutcome => answered(code, { retryAfter });

  it.each([
    ['longer than its quick entry is served from durable state', '2', 1, 'scheduled', 2_000],
    ['as long as its quick entry changes nothing', '1', 1, 'quickRetry', 1_000],
    ['shorter than its quick entry changes nothing', '0', 1, 'quickRetry', 1_000],
    ['shorter than its entry changes nothing', '29', 3, 'scheduled', 30_000],
    ['longer than its entry is waited for', '31', 3, 'scheduled', 31_000],
    ['longer than the longest allowed is cut', '99999', 3, 'scheduled', hour],
    ['beyond all bounds is cut', '9'.repeat(30), 1, 'scheduled', hour],
    ['that makes no sense changes nothing', 'soon', 1, 'quickRetry', 1_000],
  ])('%s', (_what, header, number, kind, waitMs) => {
    expect(stepAfter(asking(header), number)).toEqual({ kind, waitMs });
  });

  it('may be a date', () => {
    const date = new Date(now.getTime() + 90_000).toUTCString();
    expect(stepAfter(asking(date), 1)).toEqual({ kind: 'scheduled', waitMs: 90_000 });
    expect(stepAfter(asking(new Date(now.getTime() - 1_000).toUTCString()), 1)).toEqual({
      kind: 'quickRetry',
      waitMs: 1_000,
    });
  });

  it('is stretched by chance like any wait, also when it was cut', () => {
    expect(stepAfter(asking('100'), 1, { random: 0.25 })).toMatchObject({ waitMs: 105_000 });
    expect(stepAfter(asking('99999'), 1, { random: 0.25 })).toMatchObject({ waitMs: 1.05 * hour });
  });

  it.each([301, 404, 429, 500])('counts on a %i as on any failed attempt', (code) => {
    expect(stepAfter(asking('100', code), 1)).toEqual({ kind: 'scheduled', waitMs: 100_000 });
  });

  it('makes no attempt that the schedule has not', () => {
    expect(stepAfter(asking('100'), attemptsInAll).kind).toBe('failed');
  });

  it('on a 2xx means nothing', () => {
    expect(stepAfter(asking('100', 200), 1)).toEqual({ kind: 'delivered' });
  });
});

describe('what a receiver asks for', () => {
  it.each<[string, AttemptOutcome, NextStep, boolean]>([
    ['a 410', answered(410), { kind: 'failed', reason: 'endpoint_gone' }, true],
    [
      'a 410 that asks to abort',
      answered(410, { deliveryControl: 'abort-message' }),
      { kind: 'failed', reason: 'endpoint_gone' },
      true,
    ],
    [
      'a failure with `disable`',
      answered(500, { deliveryControl: 'disable' }),
      { kind: 'failed', reason: 'endpoint_disabled' },
      true,
    ],
    [
      'a failure with `abort-message`',
      answered(500, { deliveryControl: 'abort-message' }),
      { kind: 'failed', reason: 'aborted_by_receiver' },
      false,
    ],
    [
      'a 2xx with `disable`',
      answered(200, { deliveryControl: 'disable' }),
      { kind: 'delivered' },
      true,
    ],
    [
      'a 2xx with `abort-message`',
      answered(200, { deliveryControl: 'abort-message' }),
      { kind: 'delivered' },
      false,
    ],
    ['a 500', answered(500), { kind: 'quickRetry', waitMs: 1_000 }, false],
    ['a silence', unanswered('timeout'), { kind: 'quickRetry', waitMs: 1_000 }, false],
  ])('%s ends what it is to end', (_what, outcome, step, disables) => {
    expect(stepAfter(outcome, 1)).toEqual(step);
    expect(disablesEndpoint(outcome)).toBe(disables);
  });

  it('counts before what is left of the schedule, and before a Retry-After', () => {
    const outcome = answered(410, { retryAfter: '5' });
    expect(stepAfter(outcome, attemptsInAll)).toEqual({ kind: 'failed', reason: 'endpoint_gone' });
  });
});

describe('the limits of a notification', () => {
  const within = (number: number, leftMs: number, canBeScheduled = true): NextStep => {
    const deadline = new Date(now.getTime() + leftMs);
    return nextStep(answered(500), number, schedule, { now, random: 0, deadline, canBeScheduled });
  };
  const expired = { kind: 'failed', reason: 'expired' };
  const exhausted = { kind: 'failed', reason: 'attempts_exhausted' };

  it.each<[number, number, object]>([
    [1, 1_000, { kind: 'quickRetry', waitMs: 1_000 }],
    [1, 999, expired],
    [3, 30_000, { kind: 'scheduled', waitMs: 30_000 }],
    [3, 29_999, expired],
    [attemptsInAll, -1, exhausted],
  ])('after attempt %i allow no attempt after the deadline, %i ms away', (number, leftMs, step) => {
    expect(within(number, leftMs)).toEqual(step);
  });

  it('allow quick retries only where it can’t wait in durable state', () => {
    expect(within(1, 1_000, false)).toEqual({ kind: 'quickRetry', waitMs: 1_000 });
    expect(within(3, 30_000, false)).toEqual(exhausted);
    expect(within(3, 29_999, false)).toEqual(expired);
  });

  it('do not matter to what is delivered or refused', () => {
    const limits = { now, random: 0, deadline: new Date(0), canBeScheduled: false };
    expect(nextStep(answered(200), 1, schedule, limits)).toEqual({ kind: 'delivered' });
    const gone = { kind: 'failed', reason: 'endpoint_gone' };
    expect(nextStep(answered(410), 1, schedule, limits)).toEqual(gone);
  });
});
