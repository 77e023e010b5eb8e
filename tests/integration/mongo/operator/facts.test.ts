import { beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Long, MinKey, ObjectId, UUID } from 'mongodb';
import { createDisabledEndpoints } from '../../../../src/mongo/operator/disabledEndpoints.ts';
import { readOverview } from '../../../../src/mongo/operator/overview.ts';
import { createParkedList } from '../../../../src/mongo/operator/parkedList.ts';
import { findEnds, findSms } from '../../../../src/mongo/operator/smsFacts.ts';
import {
  recordedIn,
  unrecordedIn,
  type SmsPages,
} from '../../../../src/mongo/operator/smsPages.ts';
import { stateCollections } from '../../../../src/mongo/stateCollections.ts';
import { aLog, aParked, aSubject, answered } from '../../../support/builders.ts';
import { createRetries } from '../../../support/mongoRetries.ts';
import { useServers } from '../../../support/servers.ts';

const servers = useServers(import.meta.url);
const state = () => stateCollections(servers().db);
const sms = () => servers().db.collection('sms');

describe('an SMS', () => {
  const hex = '64b7f0c2a1d3e4f5a6b7c8d9';
  const uuid = '290a4138-5729-475f-95e1-9ff30f851d67';
  beforeAll(async () => {
    const ids = [
      'text',
      ObjectId.createFromHexString(hex),
      new UUID(uuid),
      42,
      Long.fromString('9007199254740993'),
    ];
    await sms().insertMany(ids.map((_id) => ({ _id: _id as never, deliveryStatus: 'SENT' })));
  });

  it.each(['text', hex, uuid, '42', '9007199254740993'])(
    'is found by the text of its _id: %s',
    async (id) => {
      expect(await findSms(sms(), id)).toMatchObject({
        _id: expect.anything(),
        deliveryStatus: 'SENT',
      });
    },
  );

  it('is not there', async () => {
    expect(await findSms(sms(), 'nobody')).toBeNull();
  });

  it("has its own ends, and no other's", async () => {
    const endedAt = new Date();
    const row = { state: 'failed', endedAt, expireAt: endedAt, record: null };
    await state().sent.insertMany([
      { _id: 'text:SENT', ...row },
      { _id: 'text2:SENT', ...row },
    ]);
    const ends = await findEnds(state().sent, { _id: 'text' });
    expect(ends.map(({ notificationId }) => notificationId)).toEqual(['text:SENT']);
    expect(await findEnds(state().sent, { _id: 1.5 })).toEqual([]);
  });
});

describe('what is parked', () => {
  beforeEach(async () => {
    await state().retries.deleteMany({});
    const { store } = createRetries(servers().mongo, servers().database);
    const parked = (key: string, accountId: number) =>
      aParked({
        subject: { ...aSubject(), smsKey: key, notificationId: `${key}:DELIVERED` },
        accountId,
        log: aLog(answered(503)),
      });
    await store.park(parked('a', 28), 50_000);
    await store.park(parked('b', 29), 30_000);
    await store.parkClaimed(parked('c', 29));
  });

  it('is listed, what is due first, with its last answer', async () => {
    const list = createParkedList(state().retries);
    const all = await list.list({}, 10);
    // The claim of the last holds for a minute.
    expect(all.map(({ notificationId }) => notificationId.slice(0, 1))).toEqual(['b', 'a', 'c']);
    expect(all.find(({ accountId }) => accountId === 28)).toMatchObject({
      webhookId: 7,
      attempts: 1,
      lastStatusCode: 503,
      isClaimed: false,
    });
    expect(await list.ofSms('c')).toMatchObject([{ isClaimed: true }]);
    expect(await list.count({ accountId: 29 })).toBe(2);
    expect(await list.count({ webhookId: '7' })).toBe(3);
    expect(await list.count({ webhookId: 'seven' })).toBe(0);
  });

  it('is made due, but for what is being called', async () => {
    const list = createParkedList(state().retries);
    expect(await list.countWaiting({ accountId: 29 })).toBe(1);
    expect(await list.makeDue({ accountId: 29 })).toBe(1);
    const due = (await list.list({}, 10)).filter(
      ({ nextAttemptAt }) => Number(nextAttemptAt) <= Date.now(),
    );
    expect(due.map(({ notificationId }) => notificationId)).toEqual(['b:DELIVERED']);
  });
});

describe('an endpoint', () => {
  it('is disabled once, and enabled by its webhook', async () => {
    const endpoints = createDisabledEndpoints(state().endpoints);
    const endpoint = { webhookId: 7, displayUrl: 'https://a.example/', endpointKey: 'key' };
    expect(await endpoints.disable(endpoint)).toBe(true);
    expect(await endpoints.disable(endpoint)).toBe(false);
    expect(await endpoints.isDisabled('key')).toBe(true);
    expect(await endpoints.list()).toMatchObject([{ webhookId: 7, reason: 'endpoint_disabled' }]);
    expect(await endpoints.enable('8')).toBe(0);
    expect(await endpoints.enable('7')).toBe(1);
    expect(await endpoints.isDisabled('key')).toBe(false);
  });
});

describe('the overview', () => {
  it('is empty before anything ran', async () => {
    expect(await readOverview(state())).toEqual({ checkpoints: [], leases: [], gaps: [] });
  });

  it('tells who works, and until when', async () => {
    const { leases, gaps } = state();
    const until = new Date(Date.now() + 60_000);
    await leases.insertMany([
      { _id: '0', owner: 'host:1', epoch: 3, until },
      { _id: '1', owner: 'host:2', epoch: 1, until: new Date(0) },
    ]);
    const [from, to] = [new Date(1_000), new Date(2_000)];
    await gaps.insertOne({ _id: 'g', from, to, recovered: 5, unplaceable: 1 });
    expect(await readOverview(state())).toMatchObject({
      leases: [
        { partition: '0', worker: 'host:1', epoch: 3, until, isHeld: true },
        { partition: '1', isHeld: false },
      ],
      gaps: [{ from, to, recovered: 5, unplaceable: 1 }],
    });
  });
});

describe('pages of SMS', () => {
  const at = (hour: number): Date => new Date(Date.UTC(2026, 0, 31, hour));
  const span = { since: at(10), until: at(12), accountId: null, pageSize: 100 };
  const collection = () => servers().db.collection('paged');

  beforeAll(async () => {
    const many = Array.from({ length: 450 }, (_, index) => ({
      _id: `m${String(index).padStart(3, '0')}`,
      accountID: index % 2 === 0 ? 28 : '028',
      deliveryStatus: 'DELIVERED',
      deliveryTime: at(11),
      notify_on_delivery: { statusAt: at(11), state: 'failed', deliveryStatus: 'DELIVERED' },
    }));
    const record = { statusAt: at(12), state: 'failed', deliveryStatus: 'DELIVERED' };
    await collection().insertMany([
      ...many,
      { _id: 'late', deliveryStatus: 'DELIVERED', notify_on_delivery: record },
      { _id: 'never', deliveryStatus: 'DELIVERED', deliveryTime: at(11), accountID: 29 },
      { _id: 'old', deliveryStatus: 'DELIVERED', deliveryTime: at(9) },
      { _id: 'no status', deliveryTime: at(11) },
    ] as never[]);
  });

  async function all(pages: SmsPages): Promise<unknown[]> {
    const ids: unknown[] = [];
    let next: { readonly from: unknown } | null = { from: new MinKey() };
    while (next !== null) {
      const page: Awaited<ReturnType<SmsPages['page']>> = await pages.page(next.from);
      ids.push(...page.found.map(({ at: id }) => id));
      next = page.next;
    }
    return ids;
  }

  it('bring those whose record is of the span, each once', async () => {
    const pages = recordedIn(collection(), { ...span, states: ['failed'] });
    const ids = await all(pages);
    expect(ids).toHaveLength(450);
    expect(new Set(ids).size).toBe(450);
    expect(await pages.count()).toBe(450);
    expect(await all(recordedIn(collection(), { ...span, states: ['delivered'] }))).toEqual([]);
  });

  it('bring those of one account, however its id is stored', async () => {
    expect(
      await all(recordedIn(collection(), { ...span, accountId: 28, states: ['failed'] })),
    ).toHaveLength(450);
    expect(
      await all(recordedIn(collection(), { ...span, accountId: 2, states: ['failed'] })),
    ).toEqual([]);
  });

  it('bring those without a record of the status they show', async () => {
    expect(await all(unrecordedIn(collection(), span))).toEqual(['never']);
  });
});
