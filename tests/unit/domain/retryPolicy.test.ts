import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { attemptErrors } from '../../../src/domain/attempt.ts';
import { nextStep } from '../../../src/domain/retryPolicy.ts';
import { answered, unanswered } from '../../support/builders.ts';

const schedule = [1_000, 4_000];

describe('nextStep', () => {
  it.each([200, 201, 204, 299])(
    'takes a %i for delivered, at the first attempt as at the last',
    (code) => {
      expect(nextStep(answered(code), 1, schedule, 0)).toEqual({ kind: 'delivered' });
      expect(nextStep(answered(code), 3, schedule, 0)).toEqual({ kind: 'delivered' });
    },
  );

  it('takes a 2xx whose body broke off for delivered', () => {
    const outcome = answered(200, { error: 'response_aborted' });
    expect(nextStep(outcome, 1, schedule, 0)).toEqual({ kind: 'delivered' });
  });

  it.each([199, 300, 301, 400, 404, 429, 500, 503])('tries again after a %i', (code) => {
    expect(nextStep(answered(code), 1, schedule, 0)).toEqual({ kind: 'quickRetry', waitMs: 1_000 });
  });

  it.each(attemptErrors.filter((error) => error !== 'blocked_address'))(
    'tries again after %s',
    (error) => {
      expect(nextStep(unanswered(error), 1, schedule, 0).kind).toBe('quickRetry');
    },
  );

  it.each([
    [1, 0, 1_000],
    [1, 0.5, 1_100],
    [1, 0.999, 1_200],
    [2, 0, 4_000],
    [2, 0.25, 4_200],
  ])('waits after attempt %i with random %d for %i ms', (number, random, waitMs) => {
    expect(nextStep(answered(500), number, schedule, random)).toEqual({
      kind: 'quickRetry',
      waitMs,
    });
  });

  it.each([
    ['after the last entry', 3, schedule],
    ['at once when there is no entry', 1, []],
  ])('gives up %s', (_when, number, entries) => {
    expect(nextStep(answered(500), number, entries, 0)).toEqual({
      kind: 'failed',
      reason: 'attempts_exhausted',
    });
  });

  const waits = fc.array(fc.integer({ min: 0, max: 86_400_000 }), { maxLength: 10 });
  const randoms = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

  it("never waits less than the schedule's entry, nor more than a fifth longer", () => {
    fc.assert(
      fc.property(waits, randoms, fc.nat(), (entries, random, pick) => {
        fc.pre(entries.length > 0);
        const number = (pick % entries.length) + 1;
        const entry = entries[number - 1] ?? Number.NaN;
        const step = nextStep(answered(500), number, entries, random);
        const waitMs = step.kind === 'quickRetry' ? step.waitMs : Number.NaN;
        expect(waitMs).toBeGreaterThanOrEqual(entry);
        expect(waitMs).toBeLessThanOrEqual(Math.ceil(entry * 1.2));
      }),
    );
  });

  it('makes one attempt more than the schedule has entries, never another', () => {
    fc.assert(
      fc.property(waits, randoms, (entries, random) => {
        let attempts = 1;
        while (nextStep(unanswered('timeout'), attempts, entries, random).kind === 'quickRetry') {
          attempts += 1;
        }
        expect(attempts).toBe(entries.length + 1);
      }),
    );
  });
});
