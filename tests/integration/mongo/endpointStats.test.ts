import { beforeEach, describe, expect, it } from '@jest/globals';
import type { CountedSpan } from '../../../src/domain/countedSpan.ts';
import { stateCollections } from '../../../src/mongo/database.ts';
import {
  findAllSpans,
  findSlowest,
  findSpansOfAccount,
  type StoredSpan,
} from '../../../src/mongo/endpointStats.ts';
import { ensureStatsIndexes } from '../../../src/mongo/indexes.ts';
import { toError } from '../../../src/runtime/errors.ts';
import { useServers } from '../../support/servers.ts';
import { writeStats } from '../../support/writtenStats.ts';

const servers = useServers(import.meta.url);
const state = () => stateCollections(servers().db);
const rows = () => state().endpointStats;

const SPAN_MS = 300_000;
const start = new Date(Math.floor(Date.now() / SPAN_MS) * SPAN_MS);
const spansAgo = (spans: number): Date => new Date(start.getTime() - spans * SPAN_MS);

function aSpan(fields: Partial<CountedSpan> = {}): CountedSpan {
  return {
    ...{ id: 'process:1:0', start, of: 'endpoint', accountId: 28, webhookId: 7 },
    ...{ url: 'https://customer.example/hook', delivered: 2, failed: 1, skipped: 0 },
    ...{ attempts: { '2xx': 2, timeout: 1 }, calls: 3, tookMs: 15_030 },
    durations: { '8': 2, '28': 1 },
    ...fields,
  };
}

const inAll = { accountId: null, webhookId: null, url: null, of: 'all' } as const;

async function write(...spans: readonly CountedSpan[]): Promise<void> {
  await writeStats(state(), spans);
}

function inOrder(found: readonly StoredSpan[]): readonly StoredSpan[] {
  return found.toSorted((one, other) => one.start.getTime() - other.start.getTime());
}

beforeEach(async () => {
  await rows().deleteMany({});
  await ensureStatsIndexes(state());
});

describe('what is written', () => {
  it('is read as it was counted', async () => {
    await write(aSpan());
    const query = { since: spansAgo(1), limit: 10, stepMs: SPAN_MS };
    const [span, ...others] = await findSpansOfAccount(rows(), 28, query);
    const { id: _id, of: _of, accountId: _account, durations: _durations, ...counted } = aSpan();
    expect(others).toEqual([]);
    expect(span).toMatchObject({ ...counted, waiting: null, rows: 1 });
    expect(
      span?.durations.flatMap((count, bucket) => (count > 0 ? [[bucket, count]] : [])),
    ).toEqual([
      [8, 2],
      [28, 1],
    ]);
    expect(await findSpansOfAccount(rows(), 29, query)).toEqual([]);
    expect(await findAllSpans(rows(), query)).toEqual([]);
  });

  it('does no harm twice, nor when an older write comes after a newer one', async () => {
    const newer = aSpan({
      ...{ delivered: 5, calls: 6, tookMs: 15_100, attempts: { '2xx': 5, timeout: 1 } },
      durations: { '8': 4, '9': 1, '28': 1 },
    });
    await write(newer);
    const written = await rows().find({}).toArray();
    await write(aSpan());
    await write(newer);
    expect(await rows().find({}).toArray()).toEqual(written);
    expect(written).toMatchObject([{ delivered: 5, calls: 6, durations: { 8: 4, 9: 1, 28: 1 } }]);
  });

  it('of all has the most that waited, in its newest span', async () => {
    const { retries } = state();
    await retries.deleteMany({});
    await write(aSpan({ ...inAll, id: 'a', start: spansAgo(1) }), aSpan({ ...inAll, id: 'b' }));
    await retries.insertMany([{ _id: 'one' }, { _id: 'two' }] as never);
    await write(aSpan({ ...inAll, id: 'b' }), aSpan({ id: 'c' }));
    await retries.deleteMany({});
    await write(aSpan({ ...inAll, id: 'b' }));
    const found = await findAllSpans(rows(), { since: spansAgo(2), limit: 10, stepMs: SPAN_MS });
    expect(inOrder(found).map(({ waiting }) => waiting)).toEqual([null, 2]);
  });

  it('is refused as a whole when one row is, and the others are there all the same', async () => {
    const { db, collectionName } = rows();
    await db.command({ collMod: collectionName, validator: { delivered: { $lt: 100 } } });
    const refused = await write(aSpan({ id: 'a', delivered: 100 }), aSpan({ id: 'b' })).then(
      () => null,
      toError,
    );
    await db.command({ collMod: collectionName, validator: {} });
    expect(refused).toMatchObject({ code: 121 });
    expect(await rows().distinct('_id')).toEqual(['b']);
  });
});

describe('what is read', () => {
  it('is of the newest spans, as many as are asked for', async () => {
    await write(
      ...[0, 1, 2, 3].map((ago) => aSpan({ ...inAll, id: `${ago}`, start: spansAgo(ago) })),
    );
    const found = await findAllSpans(rows(), { since: spansAgo(2), limit: 2, stepMs: SPAN_MS });
    expect(inOrder(found).map(({ start: at }) => at)).toEqual([spansAgo(1), spansAgo(0)]);
  });

  it('adds up what several processes counted, by steps', async () => {
    const stepMs = 24 * 3 * SPAN_MS;
    const first = new Date(Math.floor(Date.now() / stepMs) * stepMs);
    const before = new Date(first.getTime() - SPAN_MS);
    await write(
      aSpan({ id: '1', start: first }),
      aSpan({ id: '2', start: first, attempts: { '2xx': 1, '5xx': 4 }, durations: { '8': 5 } }),
      aSpan({ id: '3', start: before }),
      aSpan({ id: '4', start: first, url: 'https://other.example/' }),
    );
    const query = { since: new Date(before.getTime() - stepMs), limit: 10, stepMs };
    const found = await findSpansOfAccount(rows(), 28, query);
    const step = found.find(({ rows: number }) => number === 2);
    expect(found).toHaveLength(3);
    expect(step).toMatchObject({
      ...{ start: first, delivered: 4, failed: 2, calls: 6, tookMs: 30_060 },
      attempts: { '2xx': 3, '5xx': 4, timeout: 1 },
    });
    expect([step?.durations[8], step?.durations[28]]).toEqual([7, 1]);
  });

  it('passes over what is not as the worker writes it', async () => {
    await rows().insertMany([
      { _id: 'a', accountId: null, of: 'all', start: 'yesterday' },
      { _id: 'b', accountId: null, of: 'all', start, delivered: -1, durations: [1], calls: 'x' },
      { _id: 'c', accountId: null, of: 'all', start, attempts: { '2xx': null }, waiting: {} },
    ] as never);
    const found = await findAllSpans(rows(), { since: spansAgo(1), limit: 10, stepMs: SPAN_MS });
    expect(found).toMatchObject([{ rows: 2 }]);
    for (const span of found) {
      expect(span).toMatchObject({ delivered: 0, calls: 0, tookMs: 0, waiting: null });
      expect(span.durations.every((count) => count === 0)).toBe(true);
    }
  });

  it('names the slowest first, over all spans and processes', async () => {
    const at = (url: string, calls: number, tookMs: number): Partial<CountedSpan> => ({
      ...{ url, calls, tookMs },
    });
    await write(
      aSpan({ id: '1', ...at('https://slow.example/', 5, 50_000) }),
      aSpan({ id: '2', ...at('https://slow.example/', 5, 10_000), start: spansAgo(1) }),
      aSpan({ id: '3', ...at('https://quick.example/', 100, 1_000) }),
      aSpan({ id: '4', ...at('https://seldom.example/', 1, 15_000) }),
      aSpan({ id: '5', ...at('https://slow.example/', 5, 5_000_000), start: spansAgo(9) }),
      aSpan({ ...inAll, id: '6', calls: 999, tookMs: 9_999_999 }),
    );
    const found = await findSlowest(rows(), { since: spansAgo(2), calls: 10, limit: 9 });
    const named = { accountId: 28, webhookId: 7 };
    expect(found).toMatchObject([
      { ...named, url: 'https://slow.example/', calls: 10, meanMs: 6_000, delivered: 4, failed: 2 },
      { ...named, url: 'https://quick.example/', calls: 100, meanMs: 10 },
    ]);
    const one = await findSlowest(rows(), { since: spansAgo(2), calls: 10, limit: 1 });
    expect(one).toHaveLength(1);
  });
});

describe('the indexes', () => {
  it('are made once, and remove what is older than seven days', async () => {
    await rows().drop();
    expect(await ensureStatsIndexes(state())).toEqual([rows().collectionName]);
    expect(await ensureStatsIndexes(state())).toEqual([]);
    const indexes = await rows().indexes();
    expect(indexes.find(({ key }) => 'start' in key && !('accountId' in key))).toMatchObject({
      expireAfterSeconds: 604_800,
    });
  });

  it('serve what is read of all and of an account, and without them nothing is found', async () => {
    await write(aSpan({ ...inAll, id: 'a' }), aSpan({ id: 'b' }));
    const query = { since: start, limit: 9, stepMs: SPAN_MS };
    const readers = [
      async () => await findAllSpans(rows(), query),
      async () => await findSpansOfAccount(rows(), 28, query),
      async () => await findSlowest(rows(), { ...query, calls: 1 }),
    ];
    for (const read of readers) expect(await read()).toHaveLength(1);
    await rows().dropIndexes();
    for (const read of readers) expect(await read()).toEqual([]);
  });

  it('serve the search for all and for an account, newest first, without a sort', async () => {
    const query = { since: spansAgo(1), limit: 9, stepMs: SPAN_MS };
    const { mongo, database } = servers();
    await mongo.db(database).command({ profile: 2 });
    await findAllSpans(rows(), query);
    await findSpansOfAccount(rows(), 28, query);
    await mongo.db(database).command({ profile: 0 });
    const filter = { ns: rows().namespace, 'command.aggregate': { $exists: true } };
    const profiled = await mongo.db(database).collection('system.profile').find(filter).toArray();
    expect(profiled).toHaveLength(2);
    for (const { planSummary, hasSortStage } of profiled) {
      // Of none there are two kinds to the server: null, and absent.
      expect(planSummary).toMatch(/^(?:(?:, )?IXSCAN \{ accountId: 1, start: 1 \})+$/);
      expect(hasSortStage).toBeUndefined();
    }
  });
});
