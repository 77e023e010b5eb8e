import { describe, expect, it } from '@jest/globals';
import { isDuplicate, lostRecords } from '../../../src/domain/duplicates.ts';
import type { PlainDocument, PlainValue } from '../../../src/domain/plainValue.ts';
import { aDocument, aRecord } from '../../support/builders.ts';

const id = 'sms-1:DELIVERED';
const showing = (record: PlainValue): PlainDocument => aDocument({ notify_on_delivery: record });

describe('isDuplicate', () => {
  it('is not, when nobody has heard of it', () => {
    expect(isDuplicate(id, [], aDocument())).toBe(false);
  });

  it('is, when the ledger remembers it', () => {
    const ended = [{ notificationId: id, record: aRecord() }];
    expect(isDuplicate(id, ended, aDocument())).toBe(true);
  });

  it('is, when the ledger remembers it as decided without a record', () => {
    expect(isDuplicate(id, [{ notificationId: id, record: null }], aDocument())).toBe(true);
  });

  it('is not, when the ledger remembers another status of the SMS', () => {
    const ended = [{ notificationId: 'sms-1:SENT', record: aRecord({ deliveryStatus: 'SENT' }) }];
    expect(isDuplicate(id, ended, aDocument())).toBe(false);
  });

  const earlier = (state: string): PlainValue => ({
    notificationId: 'sms-1:FAILED',
    state: 'delivered',
    earlier: [
      { notificationId: 'sms-1:SENT', state: 'skipped' },
      { notificationId: id, state },
    ],
  });

  it.each<[string, PlainValue, boolean]>([
    ['as delivered', { notificationId: id, state: 'delivered' }, true],
    ['as failed', { notificationId: id, state: 'failed' }, true],
    ['as skipped', { notificationId: id, state: 'skipped' }, true],
    ['as still being retried', { notificationId: id, state: 'retrying' }, false],
    ['in a state nobody knows', { notificationId: id, state: 'lost' }, false],
    ['without a state', { notificationId: id }, false],
    ['under another id', { notificationId: 'sms-1:SENT', state: 'delivered' }, false],
    ['among the earlier ones, ended', earlier('delivered'), true],
    ['among the earlier ones, not ended', earlier('retrying'), false],
    ['in a record without an id', { state: 'delivered' }, false],
    ['in a record that is none', 'delivered', false],
    ['in a record that is null', null, false],
    ['in a record that is a list', [{ notificationId: id, state: 'delivered' }], false],
    [
      'beside earlier ones that are no list',
      { notificationId: id, state: 'failed', earlier: {} },
      true,
    ],
    [
      'beside earlier ones that are no records',
      { earlier: [null, 'x', [], { state: 'failed' }] },
      false,
    ],
  ])('goes by a document that shows it %s', (_how, record, expected) => {
    expect(isDuplicate(id, [], showing(record))).toBe(expected);
  });
});

describe('lostRecords', () => {
  const recordsLost = (...given: Parameters<typeof lostRecords>): unknown[] =>
    lostRecords(...given).map(({ record }) => record);
  const delivered = aRecord();
  const sent = aRecord({ deliveryStatus: 'SENT' });
  const ended = [
    { notificationId: delivered.notificationId, record: delivered },
    { notificationId: sent.notificationId, record: sent },
  ];

  it('are all that the ledger remembers, when the document shows none', () => {
    expect(recordsLost({ ended, waiting: [] }, aDocument())).toEqual([delivered, sent]);
  });

  it('are none, when the document shows all as they ended', () => {
    const record = {
      notificationId: delivered.notificationId,
      state: 'delivered',
      earlier: [{ notificationId: sent.notificationId, state: 'delivered' }],
    };
    expect(recordsLost({ ended, waiting: [] }, showing(record))).toEqual([]);
  });

  it('are those that were turned back to an older state', () => {
    const record = {
      notificationId: delivered.notificationId,
      state: 'retrying',
      earlier: [{ notificationId: sent.notificationId, state: 'delivered' }],
    };
    expect(recordsLost({ ended, waiting: [] }, showing(record))).toEqual([delivered]);
  });

  it('are those that an older record came back over', () => {
    const record = { notificationId: sent.notificationId, state: 'delivered' };
    expect(recordsLost({ ended, waiting: [] }, showing(record))).toEqual([delivered]);
  });

  it('are not those that were never to be shown', () => {
    expect(
      recordsLost({ ended: [{ notificationId: id, record: null }], waiting: [] }, aDocument()),
    ).toEqual([]);
  });

  it('are none without a memory, whatever the document shows', () => {
    expect(
      recordsLost({ ended: [], waiting: [] }, showing({ notificationId: id, state: 'delivered' })),
    ).toEqual([]);
  });

  const retrying = aRecord({ state: 'retrying', attempts: 2 });
  const waiting = [{ notificationId: id, record: retrying }];

  it.each<[string, PlainValue, boolean]>([
    ['not at all', null, true],
    ['with fewer attempts', { notificationId: id, state: 'retrying', attempts: 1 }, true],
    ['with attempts that are none', { notificationId: id, state: 'retrying' }, true],
    ['in a state nobody knows', { notificationId: id, state: 'lost', attempts: 2 }, true],
    ['as it is', { notificationId: id, state: 'retrying', attempts: 2 }, false],
    ['as ended meanwhile', { notificationId: id, state: 'failed', attempts: 3 }, false],
    [
      'among the earlier ones',
      { earlier: [{ notificationId: id, state: 'retrying', attempts: 2 }] },
      false,
    ],
  ])('are what waits for a retry when the document shows it %s: %s', (_how, record, isLost) => {
    const lost = recordsLost({ ended: [], waiting }, showing(record));
    expect(lost).toEqual(isLost ? [retrying] : []);
  });

  it('are not what waits without a record of its own', () => {
    const unshown = [{ notificationId: id, record: null }];
    expect(recordsLost({ ended: [], waiting: unshown }, aDocument())).toEqual([]);
  });

  it('are the end, not the wait, where both are remembered', () => {
    expect(recordsLost({ ended, waiting }, aDocument())).toEqual([delivered, sent]);
  });

  describe('of a notification that is notified again', () => {
    const again = { notificationId: id, record: retrying, run: 'run 1' };
    const before = { notificationId: id, record: delivered };

    it('are how it ended before, where nothing is shown', () => {
      const lost = lostRecords({ ended: [before], waiting: [again] }, aDocument());
      expect(lost).toEqual([before]);
    });

    it('are none, however far it is shown', () => {
      const shown = showing({ notificationId: id, state: 'retrying', attempts: 1 });
      expect(lostRecords({ ended: [before], waiting: [again] }, shown)).toEqual([]);
    });

    it('are how it ended at last, with the run that it is of', () => {
      const end = { ...before, run: 'run 1' };
      const shown = showing({ notificationId: id, state: 'retrying', attempts: 1 });
      expect(lostRecords({ ended: [end], waiting: [again] }, shown)).toEqual([end]);
    });
  });
});
