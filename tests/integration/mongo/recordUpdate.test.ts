import { describe, expect, it } from '@jest/globals';
import type { Document } from 'mongodb';
import type { DeliveryRecord } from '../../../src/domain/record.ts';
import { recordUpdate } from '../../../src/mongo/recordUpdate.ts';
import { delivered, failed, retrying, skipped, summary } from '../../support/mongoRecords.ts';
import { shownAfter as shownIn } from '../../support/mongoShown.ts';
import { useServers } from '../../support/servers.ts';

const servers = useServers(import.meta.url);

const sms = () => servers().db.collection('sms');
async function shownAfter(records: readonly DeliveryRecord[], before?: Document) {
  return await shownIn(sms(), records, before);
}

describe('the first record', () => {
  it.each([
    delivered('DELIVERED', { at: 1 }),
    delivered('DELIVERED', { at: 1, attempts: 3 }),
    retrying('DELIVERED', { at: 1 }),
    retrying('DELIVERED', { at: 1, attempts: 0 }),
    failed('DELIVERED', { at: 1, attempts: 11 }),
    failed('DELIVERED', { at: 1, attempts: 0 }),
    skipped('DELIVERED', { at: 1 }),
  ])('is stored as it is: $state, $attempts attempts', async (record) => {
    expect(await shownAfter([record])).toStrictEqual(record);
  });

  it.each([
    '$deliveryStatus',
    '$$ROOT',
    '$$new',
    '$$REMOVE',
    '{"$literal":1}',
    '$notify_on_delivery.earlier',
    '\u0000 और\u{1F600}',
  ])('keeps the response %j as these characters', async (response) => {
    const record = delivered('DELIVERED', { at: 1, response });
    expect(await shownAfter([record])).toStrictEqual(record);
    const older = delivered('$deliveryStatus', { at: 0, response });
    expect(await shownAfter([older, record])).toStrictEqual({
      ...record,
      earlier: [summary(older)],
    });
    expect(await shownAfter([record, older])).toStrictEqual({
      ...record,
      earlier: [summary(older)],
    });
  });
});

describe('a further record of the same notification', () => {
  it('takes over, and nothing of the one before stays', async () => {
    const steps = [
      retrying('DELIVERED', { at: 1, attempts: 2 }),
      failed('DELIVERED', { at: 1, attempts: 3 }),
      delivered('DELIVERED', { at: 1 }),
    ];
    expect(await shownAfter(steps.slice(0, 2))).toStrictEqual(steps[1]);
    expect(await shownAfter(steps)).toStrictEqual(steps[2]);
  });

  it.each([
    [delivered('A', { at: 1 }), retrying('A', { at: 1 })],
    [delivered('A', { at: 1 }), failed('A', { at: 1 })],
    [delivered('A', { at: 1 }), skipped('A', { at: 1 })],
    [failed('A', { at: 1 }), retrying('A', { at: 1 })],
    [skipped('A', { at: 1 }), retrying('A', { at: 1 })],
    [retrying('A', { at: 1, attempts: 3 }), retrying('A', { at: 1, attempts: 2 })],
  ])('does not turn $state back', async (further, behind) => {
    expect(await shownAfter([further, behind])).toStrictEqual(further);
    expect(await shownAfter([behind, further])).toStrictEqual(further);
  });

  it('keeps what was known as earlier', async () => {
    const older = failed('SENT', { at: 1, attempts: 3 });
    const records = [older, retrying('DELIVERED', { at: 2 }), delivered('DELIVERED', { at: 2 })];
    expect(await shownAfter(records)).toStrictEqual({ ...records[2], earlier: [summary(older)] });
  });

  it('replaces its summary once another status is shown', async () => {
    const newer = delivered('DELIVERED', { at: 2 });
    const records = [retrying('SENT', { at: 1 }), newer, delivered('SENT', { at: 1, attempts: 2 })];
    expect(await shownAfter(records, { deliveryStatus: 'DELIVERED' })).toStrictEqual({
      ...newer,
      earlier: records.slice(2).map(summary),
    });
  });
});

describe('a late record of a notification that waited, of an older status', () => {
  it.each([delivered, failed, skipped])('does not turn its summary back: $name', async (end) => {
    const newer = delivered('DELIVERED', { at: 2 });
    const ended = end('SENT', { at: 1, attempts: 2 });
    const records = [newer, ended, retrying('SENT', { at: 1 })];
    expect(await shownAfter(records, { deliveryStatus: 'DELIVERED' })).toStrictEqual({
      ...newer,
      earlier: [summary(ended)],
    });
  });
});

describe('records of two statuses', () => {
  const kinds = [delivered, failed, retrying, skipped] as const;
  const pairs = kinds.flatMap((older) => kinds.map((newer) => ({ older, newer })));

  it.each(pairs)('show the newer one in either order: $older.name, $newer.name', async (pair) => {
    const older = pair.older('SENT', { at: 1, attempts: 2 });
    const newer = pair.newer('DELIVERED', { at: 2 });
    const expected = { ...newer, earlier: [summary(older)] };
    expect(await shownAfter([older, newer])).toStrictEqual(expected);
    expect(await shownAfter([newer, older], { deliveryStatus: 'DELIVERED' })).toStrictEqual(
      expected,
    );
  });

  it('show that of the document at equal times', async () => {
    const first = delivered('SENT', { at: 1 });
    const second = delivered('DELIVERED', { at: 1 });
    for (const [shown, other] of [
      [first, second],
      [second, first],
    ] as const) {
      const document = { deliveryStatus: shown.deliveryStatus };
      const expected = { ...shown, earlier: [summary(other)] };
      expect(await shownAfter([first, second], document)).toStrictEqual(expected);
      expect(await shownAfter([second, first], document)).toStrictEqual(expected);
    }
  });

  it.each([[{ deliveryStatus: 'READ' }], [{ deliveryStatus: null }], [{}]])(
    'show the same one in either order at equal times when the document has %j',
    async (document) => {
      const first = delivered('SENT', { at: 1 });
      const second = delivered('DELIVERED', { at: 1 });
      const shown = await shownAfter([first, second], document);
      expect(await shownAfter([second, first], document)).toStrictEqual(shown);
    },
  );
});

describe('earlier', () => {
  const twelve = Array.from({ length: 12 }, (_, index) =>
    delivered(`STATUS-${index}`, { at: index }),
  );

  it.each([
    ['in order', twelve],
    ['backwards', twelve.toReversed()],
  ])('keeps the last ten by time, written %s', async (_, records) => {
    const shown = await shownAfter(records, { deliveryStatus: 'STATUS-11' });
    expect(shown).toStrictEqual({ ...twelve[11], earlier: twelve.slice(1, 11).map(summary) });
  });
});

describe('a record written again', () => {
  const sent = failed('SENT', { at: 1 });
  const shown = delivered('DELIVERED', { at: 2, attempts: 2 });

  it.each([
    ['the only one', [shown], shown],
    ['the shown one', [sent, shown], shown],
    ['an earlier one', [sent, shown], sent],
    ['one that is no longer kept', twelveRecords(), twelveRecords()[0]],
    ['a weaker one of the same notification', [shown], retrying('DELIVERED', { at: 2 })],
  ] as const)('changes nothing: %s', async (_, records, again) => {
    const { insertedId: _id } = await sms().insertOne({
      deliveryStatus: records.at(-1)?.deliveryStatus,
    });
    for (const record of records) await sms().updateOne({ _id }, recordUpdate(record));
    const everything = servers().db.watch([], { maxAwaitTimeMS: 50 });
    await everything.tryNext();
    const result = await sms().updateOne({ _id }, recordUpdate(again as DeliveryRecord));
    const { insertedId: next } = await sms().insertOne({});
    const event = (await everything.next()) as unknown as Document;
    await everything.close();
    expect(event['documentKey']).toEqual({ _id: next });
    expect(result).toMatchObject({ matchedCount: 1, modifiedCount: 0 });
  });
});

function twelveRecords(): readonly DeliveryRecord[] {
  return Array.from({ length: 12 }, (_, at) => delivered(`STATUS-${at}`, { at }));
}
