import { describe, expect, it } from '@jest/globals';
import type { Document } from 'mongodb';
import type { DeliveryRecord } from '../../../src/domain/record.ts';
import { aPosition } from '../../support/builders.ts';
import { delivered, failed, skipped, summary } from '../../support/mongoRecords.ts';
import { shownAfter as shownIn } from '../../support/mongoShown.ts';
import { useServers } from '../../support/servers.ts';

const servers = useServers(import.meta.url);

/** What is shown once the record was written over what was there. */
async function shownAfter(record: DeliveryRecord, there: unknown, deliveryStatus: string) {
  const before = { deliveryStatus, notify_on_delivery: there };
  return await shownIn(servers().db.collection('sms'), [record], before);
}

const older = failed('SENT', { at: 1 });
const record = delivered('DELIVERED', { at: 5 });
const newer = skipped('READ', { at: 9 });

describe('what somebody else put into the field', () => {
  const time = aPosition(9).wallTime;
  const like = { ...newer, notificationId: 'sms-1:READ' };

  it.each([
    ['a text', 'delivered'],
    ['a number', 7],
    ['null', null],
    ['a list', [1, 2]],
    ['a list of records', [newer]],
    ['an empty object', {}],
    ['an object of other fields', { state: 'delivered', at: time }],
    ['a record whose id is no text', { ...like, notificationId: 7 }],
    ['a record without an id', { ...like, notificationId: null }],
    ['the same id without a time', { notificationId: record.notificationId, state: 'delivered' }],
    ['a record whose time is a text', { ...like, statusAt: '2099-01-01' }],
    ['a record whose time is a pattern, which sorts after dates', { ...like, statusAt: /x/ }],
  ])('is written over: %s', async (_, there) => {
    expect(await shownAfter(record, there, 'DELIVERED')).toStrictEqual(record);
  });
});

describe('what somebody else put into earlier', () => {
  const known = summary(delivered('QUEUED', { at: 0 }));

  it.each<[string, unknown, readonly Document[]]>([
    ['a text', 'x', []],
    ['an object', known, []],
    ['an empty list', [], []],
    ['scalars', [1, 'x', null, true, new Date(0)], []],
    ['lists', [[known], []], []],
    ['objects without id or time', [{}, { notificationId: 'x' }, { statusAt: new Date(0) }], []],
    ['one of ours among others', [1, known, {}], [known]],
  ])('is left out: %s', async (_, earlier, kept) => {
    expect(await shownAfter(record, { ...record, earlier }, 'DELIVERED')).toStrictEqual({
      ...record,
      ...(kept.length > 0 && { earlier: kept }),
    });
    expect(await shownAfter(record, { ...older, earlier }, 'DELIVERED')).toStrictEqual({
      ...record,
      earlier: [...kept, summary(older)],
    });
    expect(await shownAfter(record, { ...newer, earlier }, 'READ')).toStrictEqual({
      ...newer,
      earlier: [...kept, summary(record)],
    });
  });

  it('is left out: the shown one and the new one', async () => {
    const all = [known, summary(older), summary(record), summary(newer)];
    expect(await shownAfter(record, { ...newer, earlier: all }, 'READ')).toStrictEqual({
      ...newer,
      earlier: [known, summary(older), summary(record)],
    });
    const noNewer = all.slice(0, 3);
    expect(await shownAfter(record, { ...older, earlier: noNewer }, 'DELIVERED')).toStrictEqual({
      ...record,
      earlier: [known, summary(older)],
    });
    expect(await shownAfter(record, { ...record, earlier: noNewer }, 'DELIVERED')).toStrictEqual({
      ...record,
      earlier: [known, summary(older)],
    });
  });
});
