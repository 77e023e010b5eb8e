import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  Binary,
  Decimal128,
  Long,
  ObjectId,
  Timestamp,
  type Collection,
  type MongoClient,
} from 'mongodb';
import { createMongoClient } from '../../../src/mongo/connect.ts';
import { stateCollections } from '../../../src/mongo/database.ts';
import { describeGapStore } from '../../contract/gapStore.ts';
import {
  beforeMargin,
  createGapSearch,
  gapBegin,
  gapEnd,
  inGap,
  insertSms,
  ways,
  type GapSearch,
} from '../../support/mongoGaps.ts';
import { useServers } from '../../support/servers.ts';

const servers = useServers(import.meta.url);
let client: MongoClient;
let sms: Collection;
let search: GapSearch;

beforeAll(() => {
  client = createMongoClient(servers().mongodbUri, 'gaps under test');
});
afterAll(async () => {
  await client.close();
});
beforeEach(async () => {
  const db = client.db(servers().database);
  sms = db.collection('sms');
  await Promise.all([sms.drop(), stateCollections(db).gaps.drop()]);
  search = createGapSearch(sms);
});

describeGapStore(() => ({
  store: search.store,
  fill: async (ids) =>
    await insertSms(sms, ids.length, (at) => ({ _id: ids[at], deliveryTime: inGap(), ...status })),
}));

const sorted = (ids: readonly unknown[]): string[] => ids.map(String).sort();
const status = { deliveryStatus: 'DELIVERED' };

describe.each(ways)('a search $way', ({ index }) => {
  beforeEach(async () => {
    if (index !== null) await sms.createIndex(index);
  });

  it('finds what lies in the gap by whatever time it has, and counts and lists what has none', async () => {
    const within = [
      { _id: 'date', deliveryTime: inGap() },
      { _id: 'yesterday', deliveryTime: inGap(-23 * 3_600_000) },
      { _id: 'after', deliveryTime: new Date('2999-01-01') },
      { _id: 'text with offset', deliveryTime: '2024-05-10T17:45:00.000+05:30' },
      // 12:30 in UTC, by the zone of the worker.
      { _id: 'text without offset', deliveryTime: '2024-05-10T18:00:00' },
      { _id: 'only sent', sendTime: inGap() },
      { _id: 'only sent, as text', sendTime: '2024-05-10T12:15:00Z' },
      { _id: 'sent, and a delivery time of null', deliveryTime: null, sendTime: inGap() },
      { _id: 'sent, and nonsense', deliveryTime: 'soon', sendTime: inGap() },
    ];
    const without = [
      { _id: 'no time' },
      { _id: 'nonsense', deliveryTime: 'soon', sendTime: 17 },
      { _id: 'a number', deliveryTime: Date.now() },
    ];
    const outside = [
      { _id: 'date before', deliveryTime: beforeMargin, sendTime: inGap() },
      { _id: 'text before', deliveryTime: '2024-05-09T10:00:00Z' },
      { _id: 'sent before', sendTime: beforeMargin },
    ];
    const unsent = [{ deliveryTime: inGap(), deliveryStatus: null }, { sendTime: inGap() }];
    const withStatus = [...within, ...without, ...outside].map((each) => ({ ...each, ...status }));
    await sms.insertMany([...withStatus, ...unsent] as never[]);
    await search.open();
    const { changes, logger } = await search.scan();
    expect(sorted(changes.map(({ id }) => id))).toEqual(sorted(within.map(({ _id }) => _id)));
    for (const { statusAt } of changes) {
      expect(statusAt.getTime()).toBeGreaterThanOrEqual(gapBegin.getTime());
      expect(statusAt.getTime()).toBeLessThanOrEqual(gapEnd.getTime());
    }
    const listed = logger.of('document_without_time').map(({ fields }) => fields?.['id']);
    expect(sorted(listed)).toEqual(sorted(without.map(({ _id }) => _id)));
    const counts = { recovered: within.length, unplaceable: without.length };
    expect(logger.of('gap_scan_finished')).toMatchObject([{ fields: counts }]);
  });

  it('sees every kind of value in place of a time, and every kind of id', async () => {
    const values = [
      null,
      17,
      Long.fromString('9007199254740993'),
      Decimal128.fromString('1.5'),
      'soon',
      {},
      [],
      new Binary(Buffer.from('x')),
      new ObjectId(),
      true,
      new Timestamp(5n),
      /x/,
    ];
    const ids = [
      1,
      2.5,
      new ObjectId(),
      new Date(5),
      null,
      { a: 1 },
      true,
      Long.fromString('9007199254740993'),
    ];
    await sms.insertMany([
      ...values.map((deliveryTime, at) => ({
        _id: `value ${at}`,
        deliveryTime,
        sendTime: inGap(),
        ...status,
      })),
      ...ids.map((_id) => ({ _id, deliveryTime: inGap(), ...status })),
      ...['far', 'long ago'].map((_id) => ({ _id, sendTime: inGap(), ...status })),
    ] as never[]);
    // No Date of JavaScript's reaches there.
    for (const [_id, ms] of [
      ['far', '9000000000000000'],
      ['long ago', '-9000000000000000'],
    ]) {
      const deliveryTime = { $toDate: Long.fromString(String(ms)) };
      await sms.updateOne({ _id } as never, [{ $set: { deliveryTime } }]);
    }
    const found = await search.readAll(await search.open());
    expect(found).toHaveLength(values.length + ids.length + 2);
    expect(new Set(sorted(found)).size).toBe(found.length);
  });

  it('calls nobody for a thousand SMS from before the margin', async () => {
    await insertSms(sms, 1_000, (at) => ({
      deliveryTime: at % 2 === 0 ? beforeMargin : beforeMargin.toISOString(),
      sendTime: beforeMargin,
      ...status,
    }));
    await search.open();
    const { changes, logger } = await search.scan();
    expect(changes).toEqual([]);
    expect(logger.of('gap_scan_finished')).toMatchObject([
      { fields: { recovered: 0, unplaceable: 0 } },
    ]);
  });

  it('continues after the last page that was passed, in a new worker for each', async () => {
    const times = [
      (): object => ({ deliveryTime: inGap(5) }),
      (at: number): object => ({ deliveryTime: inGap(Math.floor(at / 100)) }),
      (): object => ({ sendTime: inGap() }),
    ];
    await insertSms(sms, 4_500, (at) => ({ _id: at, ...times[at % 3]?.(at), ...status }));
    const gap = await search.open();
    const lost = await search.store().nextPage(gap);
    const found = await search.readAll(gap, {
      // A worker that dies before it has passed its page: the next one reads that page again.
      afterPage: async () => void (await search.store().nextPage(gap)),
    });
    expect(lost.isLast).toBe(false);
    expect(sorted(found)).toEqual(sorted(Array.from({ length: 4_500 }, (_, at) => at)));
    expect(await search.store().remove(gap)).toEqual({ recovered: 4_500, unplaceable: 0 });
  });

  it('counts a page once, however often its passing is reported', async () => {
    await insertSms(sms, 10, () => ({ deliveryTime: inGap(), ...status }));
    const gap = await search.open();
    const store = search.store();
    for (let isLast = false; !isLast;) {
      const page = await store.nextPage(gap);
      const tally = { recovered: page.found.length, unplaceable: 1 };
      await store.passed(gap, page, tally);
      await store.passed(gap, page, tally);
      ({ isLast } = page);
    }
    expect(await store.remove(gap)).toMatchObject({ recovered: 10 });
  });

  it('ends when another worker has finished the gap meanwhile', async () => {
    const gap = await search.open();
    await search.store().remove(gap);
    expect(await search.store().nextPage(gap)).toMatchObject({ found: [], isLast: true });
  });
});
