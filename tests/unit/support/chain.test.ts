import { describe, expect, it } from '@jest/globals';
import type { PlainDocument } from '../../../src/domain/plainValue.ts';
import { chainOf, stopOf, stopSentence } from '../../../src/support/chain.ts';
import type { ChainLink, LinkName, LinkState } from '../../../src/support/chainLink.ts';
import type { SmsFacts } from '../../../src/support/smsFacts.ts';
import { utcTimes } from '../../../src/support/words.ts';
import {
  breaker,
  disabled,
  endFacts,
  fine,
  recorded,
  smsFacts,
  waitingFacts,
} from '../../support/someSmsFacts.ts';

const letters: Readonly<Record<LinkState, string>> = {
  ok: '+',
  broken: 'x',
  waiting: '~',
  unknown: '?',
  'not reached': '-',
};

/** The six states in a word, one letter each, beginning with the status. */
const states = (chain: readonly ChainLink[]): string =>
  chain.map(({ state }) => letters[state]).join('');

const off = { ...fine, isOptedIn: false, reason: 'not_opted_in' } as const;
const noWebhook = { ...fine, webhookId: null, url: null, reason: 'no_default_webhook' } as const;
const noFlow = { ...fine, isFlowEnabled: false, reason: 'flow_webhook_disabled' } as const;
const broken = { ...fine, problem: 'it has no URL', reason: 'invalid_webhook' } as const;
const noRow = {
  ...noWebhook,
  hasRow: false,
  isOptedIn: false,
  isFlowEnabled: false,
  reason: 'not_opted_in',
} as const;
const noMysql = { ...noRow, reason: null, error: 'refused.' } as const;
const spared = { ...fine, blocked: breaker } as const;
const goneRoute = {
  ...fine,
  isEndpointDisabled: true,
  blocked: disabled,
  reason: 'endpoint_disabled',
} as const;

const calledOf = (state: string, reason?: string): PlainDocument => ({
  ...recorded(state, reason),
  ...{ attempts: 3, statusCode: 500, webhookId: 5, lastAttemptAt: new Date(0) },
});
const ahead = { checkpointAt: null };

describe('the chain of a status', () => {
  it.each<[string, SmsFacts, string, LinkName | null, RegExp]>([
    [
      'without one',
      smsFacts({ route: null }, { deliveryStatus: null }),
      '~-----',
      'status',
      /no delivery/,
    ],
    ['that is not wanted', smsFacts({}, { isFiltered: true }), 'x-----', 'status', /DELIVERY_STAT/],
    [
      'of a document that can not be used',
      smsFacts({ route: null }, { problem: 'flowId must be a number' }),
      ...(['x-----', 'status', /can't be notified: flowId must/] as const),
    ],
    ['whose account is off', smsFacts({ route: off }), '+x++--', 'step 1', /28 has not opted in/],
    ['of nobody', smsFacts({ route: noRow }), '+x??--', 'step 1', /has not opted in/],
    ['without a webhook', smsFacts({ route: noWebhook }), '++x+--', 'step 2', /no default webhook/],
    ['whose webhook is bad', smsFacts({ route: broken }), '++x+--', 'step 2', /it has no URL/],
    ['whose flow is off', smsFacts({ route: noFlow }), '+++x--', 'step 3', /Flow 200 does not/],
    [
      'while MySQL is away',
      smsFacts({ route: noMysql }),
      '+???--',
      'step 1',
      /queried: refused\.$/,
    ],
    ['of a gone endpoint', smsFacts({ route: goneRoute }), '++++x-', 'calls', /disabled since/],
    ['that is news', smsFacts(ahead), '++++~-', 'calls', /not reached it yet\.$/],
    [
      'that is news, behind a breaker',
      smsFacts({ ...ahead, route: spared }),
      ...(['++++~-', 'calls', /not reached it yet\. No attempt is used/] as const),
    ],
    [
      'without a worker',
      smsFacts({ ...ahead, isWorkerRunning: false }),
      ...(['++++x-', 'calls', /No worker is running/] as const),
    ],
    ['that was passed by', smsFacts(), '++++x-', 'calls', /The worker has passed it.*"backfill"/],
    [
      'that is delivered',
      smsFacts({ record: { ...calledOf('delivered'), statusCode: 200 } }),
      ...(['++++++', null, /^$/] as const),
    ],
    [
      'that is delivered, of an account that is off by now',
      smsFacts({ route: off, record: calledOf('delivered') }),
      ...(['++++++', null, /^$/] as const),
    ],
    [
      'that failed',
      smsFacts({ record: calledOf('failed', 'attempts_exhausted') }),
      ...([
        '++++x+',
        'calls',
        /The last attempt failed too\. 3 calls, the last .*: HTTP 500\.$/,
      ] as const),
    ],
    [
      'that was withdrawn',
      smsFacts({ record: calledOf('failed', 'notification_withdrawn') }),
      ...(['++++x+', 'calls', /switched off while it waited/] as const),
    ],
    [
      'that was withdrawn by a switch that is still off',
      smsFacts({ route: noFlow, record: calledOf('failed', 'notification_withdrawn') }),
      ...(['+++xx+', 'step 3', /Flow 200/] as const),
    ],
    [
      'that was skipped without a webhook, which is set by now',
      smsFacts({ record: recorded('skipped', 'no_default_webhook') }),
      ...(['++x--+', 'step 2', /no default webhook then\. Now: Webhook 5, https/] as const),
    ],
    [
      'that was skipped by its flow',
      smsFacts({ record: recorded('skipped', 'flow_webhook_disabled') }),
      ...(['+++x-+', 'step 3', /enabled then\. Now: Flow 200 has/] as const),
    ],
    [
      'whose webhook was bad',
      smsFacts({ record: { ...recorded('failed', 'invalid_webhook'), webhookId: 5 } }),
      ...(['++x+-+', 'step 2', /could not be called then/] as const),
    ],
    [
      'that was stale',
      smsFacts({ record: recorded('skipped', 'stale') }),
      ...(['x----+', 'status', /MAX_STATUS_AGE/] as const),
    ],
    [
      'whose document could not be used then',
      smsFacts({ record: recorded('skipped', 'unusable_document') }),
      ...(['x----+', 'status', /Now: it can be used now/] as const),
    ],
    [
      'that only the ledger remembers',
      smsFacts({ ended: [endFacts({ record: calledOf('delivered') })] }),
      ...(['+++++x', 'record', /It ended as delivered .*does not show it/] as const),
    ],
    [
      'that only the ledger remembers, as skipped',
      smsFacts({ ended: [endFacts({ state: 'skipped', reason: 'no_default_webhook' })] }),
      ...(['++x--?', 'step 2', /no default webhook then/] as const),
    ],
    [
      'whose row in the ledger is odd',
      smsFacts({ ended: [endFacts({ unreadable: 'state must be a text', state: null })] }),
      ...(['++++?x', 'calls', /ledger is unreadable: state must/] as const),
    ],
    [
      'that waits',
      smsFacts({ parked: [waitingFacts()], record: calledOf('retrying') }),
      ...(['++++~+', 'calls', /^1 call so far, the last: HTTP 500\. Attempt 2 is due/] as const),
    ],
    [
      'that waits again after it was delivered',
      smsFacts({ parked: [waitingFacts({ attempts: 0 })], record: calledOf('delivered') }),
      ...(['++++~+', 'calls', /^No call so far\. Attempt 1 is due/] as const),
    ],
    [
      'that is being called',
      smsFacts({ parked: [waitingFacts({ isClaimed: true })] }),
      ...(['++++~~', 'calls', /A worker is calling it/] as const),
    ],
    [
      'that waits behind a breaker',
      smsFacts({ parked: [waitingFacts({ blocked: breaker })], route: spared }),
      ...(['++++~~', 'calls', /its breaker is open/] as const),
    ],
    [
      'that waits at a gone endpoint',
      smsFacts({ parked: [waitingFacts({ blocked: disabled })], route: goneRoute }),
      ...(['++++x~', 'calls', /is disabled since/] as const),
    ],
    [
      'that waits, of an account that is off by now',
      smsFacts({ parked: [waitingFacts()], route: off }),
      ...(['+x++~~', 'step 1', /has not opted in/] as const),
    ],
    [
      'that waits for MySQL',
      smsFacts({ parked: [waitingFacts({ attempts: 0 })], route: noMysql }),
      ...(['+???~-', 'step 1', /could not be queried/] as const),
    ],
    [
      'that is due while no worker runs',
      smsFacts({ parked: [waitingFacts({ nextAttemptAt: new Date(0) })], isWorkerRunning: false }),
      ...(['++++x~', 'calls', /no worker is running/] as const),
    ],
    [
      'whose waiting row is odd',
      smsFacts({ parked: [waitingFacts({ unreadable: 'log must be a log' })] }),
      ...([
        '++++?~',
        'calls',
        /unreadable: log must be a log\. Fix the row; "retries run"/,
      ] as const),
    ],
    [
      'whose record waits without a row',
      smsFacts({ record: calledOf('retrying') }),
      ...(['++++~+', 'calls', /Nothing waits in durable state/] as const),
    ],
    [
      'whose record says what no worker writes',
      smsFacts({ record: { ...recorded('done'), attempts: 1 } }),
      ...(['++++?+', 'calls', /no worker writes: done/] as const),
    ],
  ])('%s', (_what, facts, expected, stopsAt, says) => {
    const chain = chainOf(facts, utcTimes);
    expect(states(chain)).toBe(expected);
    const stop = stopOf(chain);
    expect(stop?.link ?? null).toBe(stopsAt);
    expect(stop?.sentence ?? '').toMatch(says);
  });

  it('says where each link is set', () => {
    expect(chainOf(smsFacts(), utcTimes).map(({ where }) => where)).toEqual([
      null,
      { kind: 'account', accountId: '28' },
      { kind: 'webhook', accountId: '28', webhookId: '5' },
      { kind: 'flow', accountId: '28', flowId: '200' },
      { kind: 'endpoint', accountId: '28', webhookId: '5' },
      null,
    ]);
    const nowhere = chainOf(smsFacts({ route: null }), utcTimes);
    expect(nowhere.every(({ where }) => where === null)).toBe(true);
  });

  it('names the link at which it stops', () => {
    const said = (facts: SmsFacts): string | null => stopSentence(chainOf(facts, utcTimes));
    expect(said(smsFacts({ route: off }))).toBe('It stops at: Step 1, the account.');
    expect(said(smsFacts({ parked: [waitingFacts()] }))).toBe('It waits at: Calls.');
    expect(said(smsFacts({ route: noMysql }))).toMatch(/^It is not known/);
    expect(said(smsFacts({ record: calledOf('delivered') }))).toBeNull();
  });

  it('names no commands on a page', () => {
    const all = [
      smsFacts(),
      smsFacts({ route: goneRoute }),
      smsFacts({ parked: [waitingFacts({ unreadable: 'log must be a log' })] }),
    ];
    const said = all.map((facts) => stopOf(chainOf(facts, utcTimes, 'page'))?.sentence ?? '');
    expect(said.join('\n')).not.toMatch(/"(?:backfill|endpoints|retries)/);
    expect(said).toEqual([
      expect.stringContaining('"Send again"'),
      expect.stringContaining('disabled since'),
      expect.stringContaining('"Run now"'),
    ]);
  });

  it('says that the document shows the record of another status', () => {
    const record = { ...recorded('delivered'), notificationId: 'sms:SENT', deliveryStatus: 'SENT' };
    const [last] = chainOf(smsFacts({ record }), utcTimes).slice(-1);
    expect(last).toMatchObject({ state: 'not reached' });
    expect(last?.sentence).toMatch(/the record of SENT\.$/);
  });
});
