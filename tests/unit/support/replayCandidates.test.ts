import { describe, expect, it } from '@jest/globals';
import type { PlainDocument } from '../../../src/domain/plainValue.ts';
import { createTimeZone } from '../../../src/runtime/timeZone.ts';
import { toBackfill, toReplay } from '../../../src/support/replayCandidates.ts';
import { aDocument } from '../../support/builders.ts';

const zone = createTimeZone('Asia/Kolkata');
const since = new Date('2026-01-31T00:00:00.000Z');
const until = new Date('2026-02-01T00:00:00.000Z');
const within = new Date('2026-01-31T12:00:00.000Z');
const span = { since, until, accountId: null };
const reading = { zone, deliveryStatuses: new Set<string>() };

const found = (fields: PlainDocument = {}) => ({
  documentKey: { opaque: { _id: 'sms-1' } },
  document: aDocument({ deliveryTime: within, ...fields }),
});
const recorded = (record: PlainDocument, fields: PlainDocument = {}) =>
  found({
    notify_on_delivery: { statusAt: within, deliveryStatus: 'DELIVERED', ...record },
    ...fields,
  });

function bodyOf(candidate: ReturnType<typeof toReplay>): Record<string, unknown> {
  if (candidate.kind !== 'enqueue') throw new Error(candidate.kind);
  const text = Buffer.from(candidate.replay.body).toString('utf8');
  const { smsDetails } = JSON.parse(text) as { smsDetails: Record<string, unknown>[] };
  return smsDetails[0] ?? {};
}

describe('backfill', () => {
  it('tells the status that the document shows, at the time that it says, of no run', () => {
    const candidate = toBackfill(found(), span, reading);
    expect(candidate).toMatchObject({
      kind: 'enqueue',
      replay: {
        subject: {
          notificationId: 'sms-1:DELIVERED',
          deliveryStatus: 'DELIVERED',
          statusAt: within,
          smsKey: 'sms-1',
        },
        accountId: 28,
        flowId: 200,
      },
    });
    expect(candidate.kind === 'enqueue' && 'run' in candidate.replay.subject).toBe(false);
    expect(bodyOf(candidate)).toMatchObject({ id: 'sms-1', deliveryStatus: 'DELIVERED' });
  });

  it.each([
    ['placed before', { deliveryTime: new Date(since.getTime() - 1) }, 'outside'],
    ['placed at the end', { deliveryTime: until }, 'outside'],
    ['without a time', { deliveryTime: null }, 'unplaceable'],
    ['without a usable status', { deliveryStatus: '' }, 'unusable'],
    ['of an account that is none', { accountID: '28abc' }, 'unusable'],
    [
      'told before',
      { notify_on_delivery: { notificationId: 'sms-1:DELIVERED', state: 'failed' } },
      'ended',
    ],
    [
      'told before another',
      {
        notify_on_delivery: {
          earlier: [{ notificationId: 'sms-1:DELIVERED', state: 'delivered' }],
        },
      },
      'ended',
    ],
  ])('leaves alone what is %s', (_what, fields, kind) => {
    expect(toBackfill(found(fields as PlainDocument), span, reading).kind).toBe(kind);
  });

  it('goes by the send time, and reads text in the zone', () => {
    const sent = found({ deliveryTime: null, sendTime: '2026-01-31T17:30:00' });
    expect(toBackfill(sent, span, reading)).toMatchObject({
      replay: { subject: { statusAt: within } },
    });
  });

  it('takes only the statuses that count, and one account', () => {
    const sent = { ...reading, deliveryStatuses: new Set(['SENT']) };
    expect(toBackfill(found(), span, sent).kind).toBe('filtered');
    expect(toBackfill(found(), { ...span, accountId: 29 }, reading).kind).toBe('outside');
    expect(toBackfill(found({ accountID: '028' }), { ...span, accountId: 28 }, reading).kind).toBe(
      'enqueue',
    );
  });
});

describe('replay', () => {
  const again = { zone, run: 'run 1' };

  it('tells the status of the record, as its run', () => {
    expect(toReplay(recorded({ state: 'failed' }), span, again)).toMatchObject({
      kind: 'enqueue',
      replay: { subject: { notificationId: 'sms-1:DELIVERED', statusAt: within, run: 'run 1' } },
    });
  });

  it("keeps to the record's status where the document shows a newer one, whose time is not its own", () => {
    const candidate = toReplay(
      recorded({ state: 'delivered', deliveryStatus: 'SENT' }),
      span,
      again,
    );
    const body = bodyOf(candidate);
    expect(body['deliveryStatus']).toBe('SENT');
    expect(body).not.toHaveProperty('deliveryTime');
  });

  it.each([
    ['waits', recorded({ state: 'retrying' }), 'waiting'],
    ['has no record', found(), 'outside'],
    ['has a record of somebody else', recorded({ state: 'x', statusAt: 'then' }), 'outside'],
    ['became unusable', recorded({ state: 'failed' }, { flowId: null }), 'unusable'],
  ])('leaves alone what %s', (_what, document, kind) => {
    expect(toReplay(document, span, again).kind).toBe(kind);
  });
});
