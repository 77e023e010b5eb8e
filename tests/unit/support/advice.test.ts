import { describe, expect, it } from '@jest/globals';
import { adviceData, adviceText } from '../../../src/cli/commands/explain.ts';
import { createPage } from '../../../src/cli/output/page.ts';
import type { FailedReason, SkippedReason } from '../../../src/domain/record.ts';
import { createTimeZone } from '../../../src/runtime/timeZone.ts';
import { adviceOf } from '../../../src/support/advice.ts';
import type { RouteFacts, SmsFacts, WaitingFacts } from '../../../src/support/smsFacts.ts';
import { verdictOf } from '../../../src/support/verdict.ts';
import { utcTimes } from '../../../src/support/words.ts';
import {
  breaker,
  disabled,
  fine,
  recorded,
  smsFacts as facts,
} from '../../support/someSmsFacts.ts';

/** What of a record there can be, and what is to be done first where nothing stands in the way now. */
const said: Readonly<Record<SkippedReason | FailedReason | 'delivered', [RegExp, ...string[]]>> = {
  delivered: [/Nothing blocks it\./],
  no_default_webhook: [/Nothing blocks it any more\./],
  flow_webhook_disabled: [/Nothing blocks it any more\./],
  unusable_document: [/Nothing blocks it any more\./],
  stale: [/age does not prevent/],
  attempts_exhausted: [/whether the receiver works/, 'test 28'],
  expired: [/whether the receiver works/, 'test 28'],
  endpoint_gone: [/Nothing blocks it any more\./],
  endpoint_disabled: [/Nothing blocks it any more\./],
  aborted_by_receiver: [/asked not to be called again/],
  blocked_address: [/whether its address may be called/, 'check --account 28 --flow 200'],
  invalid_webhook: [/Nothing blocks it any more\./],
  notification_withdrawn: [/Nothing blocks it any more\./],
};

interface Now {
  readonly obstacle: string;
  readonly says: RegExp;
  readonly commands: readonly string[];
  readonly route?: Partial<RouteFacts>;
  readonly document?: Partial<SmsFacts['document']>;
}

/** How things can be now, and what fixes it. */
const ways: readonly Now[] = [
  {
    obstacle: 'not_opted_in',
    says: /Step 1: account 28 has not opted in/,
    commands: ['setup account 28 --enable', 'sleep 31'],
    route: { isOptedIn: false, reason: 'not_opted_in' },
  },
  {
    obstacle: 'no_default_webhook',
    says: /Step 2: account 28 has no default webhook/,
    commands: ['setup webhook 28 --url https://customer.example/hook', 'sleep 31'],
    route: { webhookId: null, url: null, reason: 'no_default_webhook' },
  },
  {
    obstacle: 'flow_webhook_disabled',
    says: /Step 3: flow 200/,
    commands: ['setup flow 200 --account 28 --enable', 'sleep 31'],
    route: { isFlowEnabled: false, reason: 'flow_webhook_disabled' },
  },
  {
    obstacle: 'invalid_webhook',
    says: /Webhook 5 can't be called: it has no URL/,
    commands: ['setup show 28', 'setup webhook 28 --url https://customer.example/hook', 'sleep 31'],
    route: { problem: 'it has no URL', reason: 'invalid_webhook' },
  },
  {
    obstacle: 'endpoint_disabled',
    says: /The endpoint of webhook 5 is disabled since .*410/,
    commands: ['endpoints enable 5', 'sleep 6'],
    route: { isEndpointDisabled: true, blocked: disabled, reason: 'endpoint_disabled' },
  },
  {
    obstacle: 'mysql',
    says: /MySQL could not be queried: refused\./,
    commands: ['check --account 28 --flow 200'],
    route: { error: 'refused', webhookId: null, reason: null },
  },
  {
    obstacle: 'unusable_document',
    says: /skipped again: accountID must be a number\./,
    commands: [],
    document: { problem: 'accountID must be a number' },
  },
];

const shell = (commands: readonly string[]): readonly string[] =>
  commands.map((each) => (each.startsWith('sleep') ? each : `npm run cli -- ${each}`));
const given = (all: SmsFacts, id = 'sms') =>
  adviceData(adviceOf(all, { smsId: id, cacheTtlMs: 30_000 }, utcTimes));
const reasons = Object.keys(said) as (keyof typeof said)[];
const recordOf = (reason: keyof typeof said) =>
  reason === 'delivered' ? recorded('delivered') : recorded('failed', reason);

describe('advice', () => {
  const cases = reasons.flatMap((reason) => ways.map((now) => ({ reason, now })));
  it.each(cases)('after $reason, now $now.obstacle: fix first, then replay', ({ reason, now }) => {
    const route = now.document === undefined ? { ...fine, ...now.route } : null;
    const advice = given(facts({ record: recordOf(reason), route }, now.document));
    expect(advice).toMatchObject({
      obstacle: now.obstacle,
      text: expect.stringMatching(now.says),
      commands: shell([...now.commands, 'replay sms']),
    });
  });

  it.each(reasons)('after %s, where nothing stands in the way now', (reason) => {
    const [says, ...first] = said[reason];
    expect(given(facts({ record: recordOf(reason) }))).toEqual({
      obstacle: null,
      text: expect.stringMatching(says),
      commands: shell([...first, 'replay sms']),
    });
  });

  it('says where the endpoint is spared at present, and where no worker runs', () => {
    const route = { ...fine, blocked: breaker };
    const record = recorded('failed', 'endpoint_gone');
    const advice = given(facts({ record, route, isWorkerRunning: false }));
    expect(advice?.text).toMatch(/breaker has been open.*once a worker runs/);
    expect(advice?.commands).toEqual(shell(['replay sms']));
  });

  it.each<[string, SmsFacts, readonly string[] | null]>([
    ['without a status', facts({}, { deliveryStatus: null }), null],
    ['that is news', facts({ checkpointAt: null }), null],
    ['that was passed by', facts(), ['replay --status DELIVERED sms']],
    ['that is filtered', facts({}, { isFiltered: true }), ['replay --status DELIVERED sms']],
    [
      'that is news, but whose account has not opted in',
      facts({ checkpointAt: null, route: { ...fine, isOptedIn: false, reason: 'not_opted_in' } }),
      ['setup account 28 --enable'],
    ],
    ['whose record waits', facts({ record: recorded('retrying') }), null],
    [
      'whose record is of another status',
      facts({ record: { ...recorded('delivered'), notificationId: 'sms:SENT' } }),
      ['replay --status DELIVERED sms'],
    ],
  ])('for one %s', (_what, all, expected) => {
    expect(given(all)?.commands ?? null).toEqual(expected === null ? null : shell(expected));
  });

  const row = {
    ...{ notificationId: 'sms:DELIVERED', webhookId: 5, attempts: 1, isClaimed: false },
    ...{ nextAttemptAt: new Date(Date.now() + 60_000), blocked: null },
  } as WaitingFacts;
  it.each<[string, Partial<WaitingFacts>, Partial<RouteFacts>, readonly string[] | null]>([
    ['nothing', {}, {}, null],
    ['its call', { isClaimed: true }, { isOptedIn: false, reason: 'not_opted_in' }, null],
    ['an open breaker', { blocked: breaker }, { blocked: breaker }, ['test 28']],
    [
      'a disabled endpoint',
      { blocked: disabled },
      { blocked: disabled, isEndpointDisabled: true, reason: 'endpoint_disabled' },
      ['endpoints enable 5', 'sleep 6', 'retries run --webhook 5'],
    ],
    [
      'a switch that is off',
      { webhookId: null },
      { isOptedIn: false, reason: 'not_opted_in' },
      ['setup account 28 --enable', 'sleep 31', 'retries run'],
    ],
  ])('for one that waits for %s', (_what, fields, route, expected) => {
    const all = facts({ parked: [{ ...row, ...fields }], route: { ...fine, ...route } });
    expect(given(all)?.commands ?? null).toEqual(expected === null ? null : shell(expected));
  });

  it('names an id so that a shell and the command take it', () => {
    const record = recorded('delivered');
    expect(given(facts({ record }), "it's / all")?.commands).toEqual(
      shell([`replay 'it'\\''s / all'`]),
    );
    expect(given(facts({ record }), '-x')?.commands).toEqual(shell(['replay -- -x']));
    const odd = facts({}, { deliveryStatus: '-odd; one' });
    expect(given(odd)?.commands).toEqual(shell([`replay '--status=-odd; one' sms`]));
  });

  it('does not say twice what stands in the way', () => {
    const route = { ...fine, isOptedIn: false, reason: 'not_opted_in' } as const;
    const page = createPage(80, createTimeZone('UTC'));
    const all = facts({ route });
    const text = [
      verdictOf(all, page),
      ...adviceText(adviceOf(all, { smsId: 'sms', cacheTtlMs: 0 }, page), page),
    ];
    expect(text.join('\n').match(/has not opted in/g)).toHaveLength(1);
  });
});
