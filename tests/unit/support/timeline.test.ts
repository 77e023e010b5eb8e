import { describe, expect, it } from '@jest/globals';
import { timelineOf } from '../../../src/support/timeline.ts';
import { endFacts, recorded, smsFacts, waitingFacts } from '../../support/someSmsFacts.ts';

const at = (minute: number): Date => new Date(Date.UTC(2026, 0, 31, 10, minute));
const call = (minute: number, statusCode: number | null, error: string | null = null) => ({
  ...{ at: at(minute), statusCode, error, durationMs: 12 },
});

describe('the line of time of an SMS', () => {
  it('has the calls of its record, numbered back from the last', () => {
    const record = {
      ...recorded('failed', 'attempts_exhausted'),
      attempts: 5,
      history: [call(3, 500), call(4, null)],
      ...{ statusCode: null, error: 'timeout', lastAttemptAt: at(5), durationMs: 15_000 },
    };
    expect(timelineOf(smsFacts({ record }))).toMatchObject([
      { at: at(3), number: 3, kind: 'failed', statusCode: 500, deliveryStatus: 'DELIVERED' },
      { at: at(4), number: 4, kind: 'cut off' },
      { at: at(5), number: 5, kind: 'failed', error: 'timeout', durationMs: 15_000 },
    ]);
  });

  it('has older statuses, each with its last call or why there was none', () => {
    const record = {
      ...recorded('delivered'),
      ...{ attempts: 1, statusCode: 200, lastAttemptAt: at(9), durationMs: 3 },
      earlier: [
        {
          ...{ deliveryStatus: 'SENT', statusAt: at(1), state: 'delivered', attempts: 2 },
          ...{ statusCode: 204, lastAttemptAt: at(2) },
        },
        { deliveryStatus: 'QUEUED', statusAt: at(0), state: 'skipped', reason: 'stale' },
      ],
    };
    expect(timelineOf(smsFacts({ record }))).toMatchObject([
      { at: at(0), deliveryStatus: 'QUEUED', kind: 'no call', note: 'stale', number: null },
      { at: at(2), deliveryStatus: 'SENT', kind: 'delivered', number: 2, statusCode: 204 },
      { at: at(9), deliveryStatus: 'DELIVERED', kind: 'delivered', number: 1 },
    ]);
  });

  it('has what only the ledger remembers, once', () => {
    const sent = { ...recorded('delivered'), deliveryStatus: 'SENT', notificationId: 'sms:SENT' };
    const ended = [
      endFacts({
        notificationId: 'sms:SENT',
        record: { ...sent, attempts: 1, statusCode: 200, lastAttemptAt: at(1) },
      }),
      endFacts({ state: 'skipped', reason: 'no_default_webhook', endedAt: at(2) }),
    ];
    expect(timelineOf(smsFacts({ ended }))).toMatchObject([
      { at: at(1), deliveryStatus: 'SENT', kind: 'delivered' },
      { at: at(2), deliveryStatus: 'DELIVERED', kind: 'no call', note: 'no_default_webhook' },
    ]);
    const record = { ...recorded('skipped', 'no_default_webhook'), statusAt: at(2) };
    expect(timelineOf(smsFacts({ ended, record }))).toHaveLength(2);
  });

  const due = at(30);
  const row = waitingFacts({ attempts: 2, lastAttemptAt: at(4), nextAttemptAt: due });

  it('has what waits, with the last call where the record does not show it yet', () => {
    const record = {
      ...recorded('retrying'),
      ...{ attempts: 1, statusCode: 503, lastAttemptAt: at(3) },
    };
    expect(timelineOf(smsFacts({ record, parked: [row] }))).toMatchObject([
      { at: at(3), number: 1, statusCode: 503 },
      { at: at(4), number: 2, statusCode: 500, kind: 'failed' },
      { at: due, number: 3, kind: 'due' },
    ]);
    const shown = { ...record, attempts: 2, history: [call(3, 503)], lastAttemptAt: at(4) };
    expect(timelineOf(smsFacts({ record: shown, parked: [row] }))).toHaveLength(3);
  });

  it('numbers what is sent again from 1', () => {
    const record = { ...recorded('delivered'), attempts: 3, statusCode: 200, lastAttemptAt: at(1) };
    const again = waitingFacts({ attempts: 0, lastAttemptAt: null, nextAttemptAt: due });
    expect(timelineOf(smsFacts({ record, parked: [again] }))).toMatchObject([
      { number: 3, kind: 'delivered' },
      { number: 1, kind: 'due' },
    ]);
  });

  it.each([
    [true, 'running'],
    [false, 'cut off'],
  ] as const)('has the call whose outcome is not known; claimed: %s', (isClaimed, kind) => {
    const parked = [{ ...row, runningSince: at(6), isClaimed }];
    expect(timelineOf(smsFacts({ parked })).slice(0, 2)).toMatchObject([
      { at: at(4), number: 1, kind: 'failed' },
      { at: at(6), number: 2, kind },
    ]);
  });

  it('names a row that is not as the worker writes it', () => {
    const odd = waitingFacts({ unreadable: 'log must be a log', deliveryStatus: null });
    expect(timelineOf(smsFacts({ parked: [odd] }))).toMatchObject([
      { at: null, deliveryStatus: 'DELIVERED', kind: 'unreadable', note: 'log must be a log' },
    ]);
  });

  it.each([
    [{ ...recorded('failed'), attempts: 'many', history: 5, earlier: 'x' }],
    [{ ...recorded('failed'), attempts: 2, history: [null, 5], earlier: [7, null] }],
    [{ ...recorded('failed'), attempts: 1, lastAttemptAt: 'soon', statusCode: {} }],
  ])('survives a record that somebody else has written: %j', (record) => {
    for (const { deliveryStatus, kind } of timelineOf(smsFacts({ record }))) {
      expect(['DELIVERED', null]).toContain(deliveryStatus);
      expect(['cut off', 'no call']).toContain(kind);
    }
  });
});
