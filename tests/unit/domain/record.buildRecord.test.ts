import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { type AttemptOutcome, noAttempts, withAttemptBegun } from '../../../src/domain/attempt.ts';
import {
  attemptedRecord,
  type DeliveryRecord,
  type SkippedReason,
  skippedRecord,
} from '../../../src/domain/record.ts';
import {
  aLog,
  answered,
  aPosition,
  aSubject,
  aWebhook,
  unanswered,
} from '../../support/builders.ts';

const subject = aSubject();
const webhook = aWebhook();
const delivered = { state: 'delivered' } as const;
const exhausted = { state: 'failed', reason: 'attempts_exhausted' } as const;
const at = (second: number): Date => aPosition(second).wallTime;
const identity = {
  deliveryStatus: 'DELIVERED',
  statusAt: at(1),
  notificationId: 'sms-1:DELIVERED',
};
const whereto = { webhookId: 7, url: 'https://customer.example/hook' };

/** Also that no key is there with the value undefined: the driver would store it as null. */
function expectRecord(record: DeliveryRecord, expected: DeliveryRecord): void {
  expect(record).toStrictEqual(expected);
}

describe('skippedRecord', () => {
  it.each<SkippedReason>([
    'no_default_webhook',
    'flow_webhook_disabled',
    'unusable_document',
    'stale',
  ])('says why and for which status, and nothing of a webhook, for %s', (reason) => {
    expectRecord(skippedRecord(subject, reason), { state: 'skipped', reason, ...identity });
  });
});

describe('attemptedRecord without an attempt', () => {
  const failed = { state: 'failed', reason: 'invalid_webhook' } as const;

  it('names the webhook and counts no attempt', () => {
    expectRecord(attemptedRecord(subject, webhook, noAttempts, failed), {
      state: 'failed',
      reason: 'invalid_webhook',
      ...identity,
      ...whereto,
      attempts: 0,
    });
  });

  it('leaves out a URL that cannot be shown', () => {
    const unusable = { webhookId: '9223372036854775807', displayUrl: null };
    expectRecord(attemptedRecord(subject, unusable, noAttempts, failed), {
      state: 'failed',
      reason: 'invalid_webhook',
      ...identity,
      webhookId: '9223372036854775807',
      attempts: 0,
    });
  });
});

describe('attemptedRecord', () => {
  const timing = { firstAttemptAt: at(2), lastAttemptAt: at(2), durationMs: 12 };

  it.each<[string, AttemptOutcome, Partial<DeliveryRecord>]>([
    ['an answer', answered(200), { statusCode: 200, response: 'ok' }],
    ['an empty answer', answered(204, { response: null }), { statusCode: 204, response: null }],
    [
      'an answer that was cut',
      answered(200, { response: { text: 'o', encoding: 'utf8', truncated: true } }),
      { statusCode: 200, response: 'o', responseTruncated: true },
    ],
    [
      'an answer that is not text',
      answered(200, { response: { text: '/w==', encoding: 'base64', truncated: false } }),
      { statusCode: 200, response: '/w==', responseEncoding: 'base64' },
    ],
    [
      'an answer that broke off',
      answered(200, { error: 'response_aborted' }),
      { statusCode: 200, response: 'ok', error: 'response_aborted' },
    ],
  ])('keeps %s', (_what, outcome, kept) => {
    expectRecord(attemptedRecord(subject, webhook, aLog(outcome), delivered), {
      state: 'delivered',
      ...identity,
      ...whereto,
      attempts: 1,
      ...timing,
      ...kept,
    });
  });

  it('says with nulls that there was no answer, and names the fault', () => {
    const log = aLog(unanswered('connection_refused'));
    expectRecord(attemptedRecord(subject, webhook, log, exhausted), {
      state: 'failed',
      reason: 'attempts_exhausted',
      ...identity,
      ...whereto,
      attempts: 1,
      statusCode: null,
      response: null,
      error: 'connection_refused',
      ...timing,
      durationMs: 15_000,
    });
  });

  it('tells the last attempt in full and those before it as history', () => {
    const log = aLog(
      answered(503, { startedAt: at(2), durationMs: 1 }),
      unanswered('timeout', { startedAt: at(4), durationMs: 2 }),
      answered(200, { startedAt: at(9), durationMs: 3 }),
    );
    expectRecord(attemptedRecord(subject, webhook, log, delivered), {
      state: 'delivered',
      ...identity,
      ...whereto,
      attempts: 3,
      statusCode: 200,
      response: 'ok',
      firstAttemptAt: at(2),
      lastAttemptAt: at(9),
      durationMs: 3,
      history: [
        { at: at(2), statusCode: 503, error: null, durationMs: 1 },
        { at: at(4), statusCode: null, error: 'timeout', durationMs: 2 },
      ],
    });
  });

  it('keeps the last ten before the last, whatever their number', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 30 }), (before) => {
        const outcomes = Array.from({ length: before + 1 }, (_each, index) =>
          answered(500, { startedAt: at(index) }),
        );
        const record = attemptedRecord(subject, webhook, aLog(...outcomes), exhausted);
        const places = Array.from({ length: before }, (_each, index) => at(index));
        expect(record.history?.map((past) => past.at) ?? []).toEqual(places.slice(-10));
        expect(record.attempts).toBe(before + 1);
        expect(record.firstAttemptAt).toEqual(at(0));
        expect(record.lastAttemptAt).toEqual(at(before));
      }),
    );
  });

  it('says when the next attempt is due while it waits for a retry', () => {
    const standing = { state: 'retrying', nextAttemptAt: at(60) } as const;
    expectRecord(attemptedRecord(subject, webhook, aLog(answered(503)), standing), {
      ...standing,
      ...identity,
      ...whereto,
      attempts: 1,
      ...timing,
      statusCode: 503,
      response: 'ok',
    });
  });

  it('of one that ended before its first call tells of none', () => {
    const standing = { state: 'failed', reason: 'expired' } as const;
    expectRecord(attemptedRecord(subject, webhook, noAttempts, standing), {
      ...standing,
      ...identity,
      ...whereto,
      attempts: 0,
    });
  });

  it('of one whose only attempt was cut off knows nothing but when that began', () => {
    const standing = { state: 'retrying', nextAttemptAt: at(60) } as const;
    expectRecord(attemptedRecord(subject, webhook, withAttemptBegun(noAttempts, at(2)), standing), {
      ...standing,
      ...identity,
      ...whereto,
      attempts: 1,
      ...timing,
      durationMs: 0,
      statusCode: null,
      response: null,
    });
  });

  it('shows of a last attempt that was cut off when it began, and those before it', () => {
    const log = withAttemptBegun(aLog(answered(503)), at(9));
    expect(attemptedRecord(subject, webhook, log, exhausted)).toMatchObject({
      attempts: 2,
      statusCode: null,
      response: null,
      firstAttemptAt: at(2),
      lastAttemptAt: at(9),
      durationMs: 0,
      history: [{ at: at(2), statusCode: 503 }],
    });
  });

  it('names no webhook while none was ever found', () => {
    const expired = { state: 'failed', reason: 'expired' } as const;
    const record = attemptedRecord(subject, null, noAttempts, expired);
    expect(record).toMatchObject({ state: 'failed', reason: 'expired', attempts: 0 });
    expect(record).not.toHaveProperty('webhookId');
    expect(record).not.toHaveProperty('url');
  });

  it("shows nothing of the webhook's URL, headers and secrets but what may be shown", () => {
    const record = attemptedRecord(subject, webhook, aLog(answered(200)), delivered);
    expect(JSON.stringify(record)).not.toMatch(/query-secret|header-secret/);
  });
});
