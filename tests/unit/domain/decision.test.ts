import { describe, expect, it } from '@jest/globals';
import { decide, type DecisionInput } from '../../../src/domain/decision.ts';
import type { Route } from '../../../src/domain/route.ts';
import { createTimeZone } from '../../../src/runtime/timeZone.ts';
import { aDocument, aPosition, aSubject, aWebhook } from '../../support/builders.ts';

const webhook = aWebhook();
const open: Route = { kind: 'open', webhook };
const unusable: Route = {
  kind: 'unusable',
  webhookId: 7,
  displayUrl: null,
  problem: 'it has no URL',
};
const hourMs = 3_600_000;

const input = (fields: Partial<DecisionInput> = {}): DecisionInput => ({
  subject: aSubject(),
  operation: 'update',
  document: aDocument(),
  detail: { kind: 'usable', accountId: 28, flowId: 200, phononUuid: 'uuid' },
  route: open,
  maxStatusAgeMs: hourMs,
  zone: createTimeZone('Asia/Kolkata'),
  ...fields,
});

/** An insert whose delivery lies further back than counts as news. */
const staleInsert = {
  operation: 'insert',
  document: aDocument({
    deliveryTime: new Date(aPosition(1).wallTime.getTime() - hourMs - 1),
  }),
} as const;

describe('decide', () => {
  it('notifies the webhook of an open route', () => {
    const subject = aSubject();
    const decision = decide(input({ subject }));
    expect(decision).toEqual({
      kind: 'notify',
      notification: {
        ...subject,
        accountId: 28,
        flowId: 200,
        webhook,
        body: expect.any(Uint8Array),
      },
    });
  });

  it('sends the document, under its own id and with times in the zone', () => {
    const document = aDocument({ deliveryTime: new Date('2023-10-19T06:25:20.408Z') });
    const decision = decide(input({ document }));
    if (decision.kind !== 'notify') throw new Error(decision.kind);
    const { _id, _class, ...others } = document;
    expect(JSON.parse(Buffer.from(decision.notification.body).toString())).toEqual({
      'phonon-uuid': document['phononUuid'],
      smsDetails: [{ id: _id, ...others, deliveryTime: '2023-10-19T11:55:20.408+05:30' }],
    });
  });

  it.each<[string, Partial<DecisionInput>, object]>([
    ['not opted in', { route: { kind: 'notOptedIn' } }, { kind: 'notOptedIn' }],
    [
      'no default webhook',
      { route: { kind: 'missing', reason: 'no_default_webhook' } },
      { kind: 'skip', reason: 'no_default_webhook' },
    ],
    [
      'a flow without the webhook',
      { route: { kind: 'missing', reason: 'flow_webhook_disabled' } },
      { kind: 'skip', reason: 'flow_webhook_disabled' },
    ],
    ['an unusable webhook', { route: unusable }, { kind: 'invalidWebhook', route: unusable }],
    ['a stale status', staleInsert, { kind: 'skip', reason: 'stale' }],
    [
      'staleness of an account that never asked',
      { ...staleInsert, route: { kind: 'notOptedIn' } },
      { kind: 'notOptedIn' },
    ],
    [
      'staleness before a missing webhook',
      { ...staleInsert, route: { kind: 'missing', reason: 'no_default_webhook' } },
      { kind: 'skip', reason: 'stale' },
    ],
    [
      'staleness before an unusable webhook',
      { ...staleInsert, route: unusable },
      { kind: 'skip', reason: 'stale' },
    ],
  ])('knows %s', (_what, fields, expected) => {
    expect(decide(input(fields))).toEqual(expected);
  });

  it('takes an update for news however old its document says it is', () => {
    expect(decide(input({ ...staleInsert, operation: 'update' })).kind).toBe('notify');
  });

  it('takes a status of exactly the greatest age for news', () => {
    const deliveryTime = new Date(aPosition(1).wallTime.getTime() - hourMs);
    const document = aDocument({ deliveryTime });
    expect(decide(input({ operation: 'insert', document })).kind).toBe('notify');
  });
});
