import { describe, expect, it } from '@jest/globals';
import type { PlainDocument } from '../../../src/domain/plainValue.ts';
import type { FailedReason, SkippedReason } from '../../../src/domain/record.ts';
import { createTimeZone } from '../../../src/runtime/timeZone.ts';
import { customerAnswer } from '../../../src/support/customerAnswer.ts';
import type { SmsFacts } from '../../../src/support/smsFacts.ts';
import { createTimes } from '../../../src/support/words.ts';
import {
  breaker,
  disabled,
  endFacts,
  fine,
  recorded,
  smsFacts,
  waitingFacts,
} from '../../support/someSmsFacts.ts';

const kolkata = createTimeZone('Asia/Kolkata');
const times = createTimes((time) => kolkata.format(time));
const sms = { smsId: 'sms', to: '91•••••••999' };
const answer = (facts: SmsFacts): string => customerAnswer(facts, sms, times);
/** A sentence ends with a full stop before a space or the end. */
const sentences = (text: string): number => text.split(/\.(?= [A-Z]|$)/).length - 1;

const called = (state: string, reason?: string): PlainDocument => ({
  ...recorded(state, reason),
  ...{ attempts: 3, statusCode: 500, lastAttemptAt: new Date('2026-01-31T10:00:00Z') },
  url: 'https://customer.example/hook',
});
const blockedBy = { ...fine, blocked: breaker };
const off = { ...fine, isOptedIn: false, reason: 'not_opted_in' } as const;
const gone = {
  ...fine,
  isEndpointDisabled: true,
  blocked: disabled,
  reason: 'endpoint_disabled',
} as const;
const noMysql = { ...fine, error: 'ECONNREFUSED 10.0.0.1:3306' };
const ahead = { checkpointAt: null };

const ended: Readonly<Record<SkippedReason | FailedReason, RegExp>> = {
  no_default_webhook: /No default webhook was set/,
  flow_webhook_disabled: /not enabled for the flow/,
  unusable_document: /on our side/,
  stale: /long after the delivery/,
  attempts_exhausted: /made all our attempts/,
  expired: /made all our attempts/,
  endpoint_gone: /The answer 410 asks us/,
  endpoint_disabled: /switched off at that time/,
  aborted_by_receiver: /asked us not to call again/,
  blocked_address: /not a public one/,
  invalid_webhook: /could not be called as it was set/,
  notification_withdrawn: /switched off before we could deliver/,
};

const cases: readonly (readonly [string, SmsFacts, RegExp])[] = [
  ['no status', smsFacts({ route: null }, { deliveryStatus: null }), /carrier has not reported/],
  ['one that is not wanted', smsFacts({}, { isFiltered: true }), /do not send .* this status/],
  ['an odd document', smsFacts({ route: null }, { problem: 'flowId must be' }), /on our side/],
  ['an account that is off', smsFacts({ route: off }), /not switched on for your account/],
  ['a disabled endpoint', smsFacts({ route: gone }), /switched off at present/],
  ['MySQL away', smsFacts({ route: noMysql }), /We are looking into it/],
  ['news', smsFacts(ahead), /still to come, and is made by itself/],
  ['news without a worker', smsFacts({ ...ahead, isWorkerRunning: false }), /held up at present/],
  ['one that was passed by', smsFacts(), /from before notifications were set up/],
  ['a delivery', smsFacts({ record: { ...called('delivered'), statusCode: 200 } }), /has accepted/],
  [
    'a delivery in the ledger',
    smsFacts({ ended: [endFacts({ record: called('delivered') })] }),
    /has accepted/,
  ],
  ['one that waits', smsFacts({ parked: [waitingFacts()] }), /We call again by ourselves, next 20/],
  ['one that is called', smsFacts({ parked: [waitingFacts({ isClaimed: true })] }), /just now/],
  [
    'one behind a breaker',
    smsFacts({ parked: [waitingFacts({ blocked: breaker })], route: blockedBy }),
    /we pause them/,
  ],
  [
    'one that waits for a switch',
    smsFacts({ parked: [waitingFacts()], route: off }),
    /not switched on/,
  ],
  ['an odd row', smsFacts({ parked: [waitingFacts({ unreadable: 'log' })] }), /on our side/],
  ['a record that waits', smsFacts({ record: called('retrying') }), /We are calling your webhook/],
  ...Object.entries(ended).flatMap(([reason, says]) => [
    [`${reason}, after calls`, smsFacts({ record: called('failed', reason) }), says] as const,
    [`${reason}, without a call`, smsFacts({ record: recorded('failed', reason) }), says] as const,
  ]),
];

describe('an answer for the customer', () => {
  it.each(cases)('about %s', (_what, facts, says) => {
    const text = answer(facts);
    expect(text).toMatch(/^SMS sms to 91•••••••999 has /);
    expect(text).toMatch(says);
    expect(sentences(text)).toBeGreaterThanOrEqual(3);
    expect(sentences(text)).toBeLessThanOrEqual(6);
  });

  it.each(cases)('names none of our own parts: %s', (_what, facts) => {
    expect(answer(facts)).not.toMatch(
      /MySQL|MongoDB|worker|ledger|durable|record|breaker|route|Step \d|[a-z]_[a-z]|[A-Z]_[A-Z]|10\.0\.0\.1|"/,
    );
  });

  it('tells the whole story of a delivery, in the zone of the payload', () => {
    const record = {
      ...{ ...called('delivered'), attempts: 1, statusCode: 204 },
      lastAttemptAt: new Date('2026-01-31T10:00:01Z'),
    };
    const statusTime = new Date('2026-01-31T10:00:00Z');
    expect(answer(smsFacts({ record }, { statusTime }))).toBe(
      'SMS sms to 91•••••••999 has the delivery status DELIVERED, 2026-01-31T15:30:00.000+05:30. ' +
        'We called your webhook https://customer.example/hook 2026-01-31T15:30:01.000+05:30: it answered with the HTTP status 204. ' +
        'So your server has accepted the notification, and we do not send it again by ourselves. ' +
        'Its webhook-id is sms:DELIVERED.',
    );
  });

  it.each([
    ['timeout', 'no answer came in time'],
    ['tls_error', 'no secure connection'],
    ['something new', 'we got no answer'],
  ])('says in plain words what %s means', (error, words) => {
    const record = { ...called('failed', 'attempts_exhausted'), statusCode: null, error };
    expect(answer(smsFacts({ record }))).toContain(words);
  });

  it('names where the server redirects to', () => {
    const row = waitingFacts({ lastStatusCode: 301, lastLocation: 'https://customer.example/new' });
    expect(answer(smsFacts({ parked: [row] }))).toContain(
      'redirected us to https://customer.example/new; we do not follow redirects',
    );
  });
});
