import { beforeEach, describe, expect, it } from '@jest/globals';
import { ObjectId, type Document } from 'mongodb';
import { smsKey } from '../../../src/domain/ids.ts';
import { stateCollections, type StateCollections } from '../../../src/mongo/database.ts';
import { ensureStateCollections } from '../../../src/mongo/indexes.ts';
import { createLedger, type Ledger } from '../../../src/mongo/ledger.ts';
import type { Ending, LookupRequest } from '../../../src/ports/notify.ts';
import { rememberMs } from '../../support/mongoOutcomes.ts';
import { delivered, failed, skipped, summary } from '../../support/mongoRecords.ts';
import { useServers } from '../../support/servers.ts';
import { anEnding } from '../../support/someEndings.ts';

const servers = useServers(import.meta.url);
let state: StateCollections;
let ledger: Ledger;

beforeEach(async () => {
  state = stateCollections(servers().db);
  await state.sent.deleteMany({});
  ledger = createLedger(state.sent, { rememberMs, clock: Date });
});

function asked(ending: Ending, wants: LookupRequest['wants']): LookupRequest {
  const { documentKey, smsKey: key, notificationId } = ending;
  return { documentKey, smsKey: key, notificationId, wants };
}

describe('its collection', () => {
  it('removes each row at its own time, and may be made twice', async () => {
    await ensureStateCollections(state);
    await ensureStateCollections(state);
    expect(state.sent.namespace).toBe(`${servers().database}.notify_on_delivery_sent`);
    expect(await state.sent.indexes()).toEqual([
      expect.objectContaining({ key: { _id: 1 } }),
      expect.objectContaining({ key: { expireAt: 1 }, expireAfterSeconds: 0 }),
    ]);
  });
});

describe('a row', () => {
  it('holds the end and its record, without what was earlier', async () => {
    const record = {
      ...delivered('DELIVERED', { at: 2, attempts: 2 }),
      earlier: [summary(failed('SENT', { at: 1 })) as never],
    };
    const ending = anEnding('sms-1', { record, accountId: 28 });
    const before = Date.now();
    await ledger.add([ending]);
    const after = Date.now();
    const row: Document = (await state.sent.findOne({})) ?? {};
    const { endedAt } = row;
    const { earlier: _earlier, ...own } = record;
    expect(row).toStrictEqual({
      _id: 'sms-1:DELIVERED',
      sms: 'sms-1',
      state: 'delivered',
      statusAt: record.statusAt,
      accountId: 28,
      endedAt: expect.any(Date),
      expireAt: new Date(Number(endedAt) + rememberMs),
      run: null,
      record: own,
    });
    expect(Number(endedAt)).toBeGreaterThanOrEqual(before);
    expect(Number(endedAt)).toBeLessThanOrEqual(after);
  });

  it('has no record where none was to be shown, and says so when asked', async () => {
    const record = skipped('DELIVERED', { at: 1 });
    const ending = anEnding('sms-1', { record, showRecord: false });
    await ledger.add([ending]);
    expect(await state.sent.findOne({})).toMatchObject({
      state: 'skipped',
      reason: record.reason,
      accountId: null,
      record: null,
    });
    expect(await ledger.find([asked(ending, 'document')])).toEqual(
      new Map([['sms-1', [{ notificationId: 'sms-1:DELIVERED', record: null }]]]),
    );
  });

  it.each([
    { first: failed, second: delivered, stays: false },
    { first: skipped, second: delivered, stays: false },
    { first: delivered, second: failed, stays: true },
    { first: delivered, second: skipped, stays: true },
    { first: failed, second: skipped, stays: true },
    { first: skipped, second: failed, stays: true },
  ])('of $first.name, then written as $second.name, stays: $stays', async (ends) => {
    const first = anEnding('sms-1', { record: ends.first('DELIVERED', { at: 1 }) });
    const second = anEnding('sms-1', { record: ends.second('DELIVERED', { at: 2 }) });
    const { record } = ends.stays ? first : second;
    expect(await ledger.add([first])).toEqual(new Map());
    expect(await ledger.add([second])).toEqual(new Map([['sms-1:DELIVERED', record]]));
    expect(await state.sent.find().toArray()).toEqual([
      expect.objectContaining({ state: record.state, statusAt: record.statusAt, record }),
    ]);
  });

  it('stays as the first delivery wrote it when there is a second', async () => {
    await ledger.add([anEnding('sms-1')]);
    const before = await state.sent.findOne({});
    await ledger.add([
      anEnding('sms-1', { record: delivered('DELIVERED', { at: 1, attempts: 5 }) }),
    ]);
    expect(await state.sent.findOne({})).toEqual(before);
  });

  it('that shows nothing is not reported when it is met', async () => {
    const record = skipped('DELIVERED', { at: 1 });
    await ledger.add([anEnding('sms-1', { record, showRecord: false })]);
    const failure = anEnding('sms-1', { record: failed('DELIVERED', { at: 2 }) });
    expect(await ledger.add([failure, anEnding('sms-2')])).toEqual(new Map());
  });

  it('is written for each end of a batch, whichever of them are there already', async () => {
    const ids = Array.from({ length: 50 }, (_, index) => `sms-${index}`);
    const failures = ids
      .slice(0, 20)
      .map((id) => anEnding(id, { record: failed('DELIVERED', { at: 1 }) }));
    await ledger.add(failures);
    const met = await ledger.add(ids.map((id) => anEnding(id)));
    expect(met.size).toBe(20);
    expect(await state.sent.countDocuments({ state: 'delivered' })).toBe(50);
    expect(await state.sent.countDocuments()).toBe(50);
  });

  it('is the delivery when a batch has two ends of one notification', async () => {
    const failure = anEnding('sms-1', { record: failed('DELIVERED', { at: 1 }) });
    await ledger.add([failure, anEnding('sms-1'), failure]);
    expect(await state.sent.find().toArray()).toEqual([
      expect.objectContaining({ state: 'delivered' }),
    ]);
  });

  it('that could not be written fails its batch, though others were only there already', async () => {
    await ledger.add([anEnding('sms-1')]);
    const forbid = async (validator: Document): Promise<void> => {
      await servers().db.command({ collMod: state.sent.collectionName, validator });
    };
    await forbid({ sms: { $ne: 'sms-2' } });
    const batch = [anEnding('sms-1'), anEnding('sms-2'), anEnding('sms-3')];
    await expect(ledger.add(batch)).rejects.toMatchObject({ name: 'MongoBulkWriteError' });
    await forbid({});
    await ledger.add(batch);
    expect(await state.sent.distinct('sms')).toEqual(['sms-1', 'sms-2', 'sms-3']);
  });

  it('is not there for a batch of nothing', async () => {
    await ledger.add([]);
    expect(await state.sent.countDocuments()).toBe(0);
  });
});

describe('a look-up', () => {
  const ids = [
    'a',
    'ab',
    'a:b',
    'a b',
    'a%3Ab',
    'a.',
    'a-',
    'A',
    '',
    'ä',
    '.*',
    new ObjectId('0123456789abcdef01234567'),
    7,
    77,
  ];
  const endings = ids.flatMap((id) =>
    ['SENT', 'DELIVERED'].map((status) => anEnding(id, { record: delivered(status, { at: 1 }) })),
  );

  it.each(ids)("finds the whole history of %p and no other SMS'", async (id) => {
    await ledger.add(endings);
    const key = smsKey(id instanceof ObjectId ? id.toHexString() : id) ?? 'none';
    const own = endings.filter((ending) => ending.smsKey === key);
    expect(own).toHaveLength(2);
    const found = await ledger.find([asked(anEnding(id), 'history')]);
    expect([...found.keys()]).toEqual([key]);
    expect(found.get(key)).toEqual(
      expect.arrayContaining(own.map(({ notificationId, record }) => ({ notificationId, record }))),
    );
    expect(found.get(key)).toHaveLength(2);
  });

  it('finds the one notification asked for, and not the others of its SMS', async () => {
    await ledger.add(endings);
    const ending = anEnding('a:b');
    const { notificationId, record } = ending;
    expect(await ledger.find([asked(ending, 'document')])).toEqual(
      new Map([['a%3Ab', [{ notificationId, record }]]]),
    );
  });

  it('answers several requests at once, and nothing for what it does not know', async () => {
    await ledger.add(endings);
    const found = await ledger.find([
      asked(anEnding('ab'), 'history'),
      asked(anEnding('unknown'), 'history'),
      asked(anEnding('a'), 'document'),
      asked(anEnding('unknown'), 'document'),
    ]);
    expect(new Map([...found].map(([key, entries]) => [key, entries.length]))).toEqual(
      new Map([
        ['a', 1],
        ['ab', 2],
      ]),
    );
  });
});
