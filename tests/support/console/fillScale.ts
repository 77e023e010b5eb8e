import type { Db, Document } from 'mongodb';
import { SPAN_MS } from '../../../src/domain/countedSpan.ts';
import { stateCollections } from '../../../src/mongo/database.ts';
import {
  ensureListIndexes,
  ensureStateCollections,
  ensureStatsIndexes,
} from '../../../src/mongo/indexes.ts';
import type { EndpointStatsRow } from '../../../src/mongo/endpointStats.ts';
import { ordinaryRow, type RetryRow } from '../../../src/mongo/retryRow.ts';

/** How much there is. */
export const scale = {
  sms: 1_000_000,
  statuses: 5,
  accounts: 500,
  waiting: 20_000,
  /** Of five minutes: a week. */
  spans: 2_016,
  /** With statistics in each of them. */
  endpoints: 100,
} as const;

export const FIRST_ACCOUNT = 1_000;
const FIRST_FLOW = 5_000;
/** Between two SMS: a week in all. */
const EVERY_MS = 600;
const hour = 3_600_000;
const now = new Date();

const statuses = ['QUEUED', 'SENT', 'DELIVERED', 'READ', 'CLICKED'] as const;

/** Made by the server itself, of numbers: to send them would take many times as long. */
export async function fillScale(db: Db): Promise<void> {
  const thousand = Array.from({ length: 1_000 }, (_, n) => ({ _id: n }));
  const numbers = db.collection<{ _id: number }>('numbers');
  await numbers.insertMany(thousand);
  const all = [
    { $set: { inner: { $range: [0, scale.sms / 1_000] } } },
    { $unwind: '$inner' },
    { $project: { _id: 0, n: { $add: [{ $multiply: ['$_id', scale.sms / 1_000] }, '$inner'] } } },
  ];
  await numbers.aggregate([...all, ...smsStages, { $out: 'SMSDetailDocument' }]).toArray();
  await numbers.drop();
  const sms = db.collection('SMSDetailDocument');
  await sms.aggregate([...ledgerStages, { $out: 'notify_on_delivery_sent' }]).toArray();
  await sms.createIndexes([
    { key: { phononUuid: 1 } },
    { key: { to: 1, sendTime: 1 } },
    { key: { deliveryTime: 1 } },
  ]);
  const state = stateCollections(db);
  await addWaiting(db);
  await ensureStateCollections(state);
  await ensureListIndexes(state, [HALF_AN_HOUR_MS, HALF_AN_HOUR_MS]);
  await addStatistics(db);
  await ensureStatsIndexes(state, [HALF_AN_HOUR_MS, HALF_AN_HOUR_MS]);
}

const HALF_AN_HOUR_MS = 1_800_000;

/** In an order that is not that of the numbers, as ids of real SMS have none. */
function mixed(by: number): Document {
  return digits({ $mod: [{ $multiply: [{ $toLong: '$n' }, by] }, 4_294_967_291] });
}

/** Of a whole number, which the server would write with an exponent otherwise. */
function digits(number: Document): Document {
  return { $toString: { $toLong: number } };
}

const smsStages: readonly Document[] = [
  {
    $set: {
      _id: { $concat: [mixed(2_654_435_761), '-', { $toString: '$n' }] },
      sendTime: { $subtract: [now, { $multiply: ['$n', EVERY_MS] }] },
      account: { $mod: ['$n', scale.accounts] },
    },
  },
  {
    $project: {
      _class: 'com.example.central.document.SMSDetailDocument',
      phononUuid: { $concat: ['uuid-', mixed(40_503), '-', { $toString: '$n' }] },
      flowId: { $add: ['$account', FIRST_FLOW] },
      accountID: { $add: ['$account', FIRST_ACCOUNT] },
      length: { $literal: 46 },
      text: 'फोनन में आपका स्वागत है. Phonon',
      to: digits({ $add: [919_000_000_000, { $mod: ['$n', 100_000] }] }),
      from: 'PHONON',
      sendTime: 1,
      deliveryStatus: 'DELIVERED',
      deliveryTime: { $add: ['$sendTime', 5_000] },
      notify_on_delivery: {
        ...ending({ $mod: ['$n', 20] }),
        deliveryStatus: 'DELIVERED',
        statusAt: { $add: ['$sendTime', 5_000] },
        notificationId: { $concat: ['$_id', ':DELIVERED'] },
        ...attempted({ $add: ['$account', 1] }),
      },
    },
  },
];

/** One of twenty has failed, one was skipped. */
function ending(of20: Document): Document {
  const state = {
    $switch: { branches: branches(of20, 'failed', 'skipped'), default: 'delivered' },
  };
  const reason = {
    $switch: {
      branches: branches(of20, 'attempts_exhausted', 'flow_webhook_disabled'),
      default: '$$REMOVE',
    },
  };
  return { state, reason };
}

function branches(of20: Document, failed: string, skipped: string): readonly Document[] {
  return [
    { case: { $eq: [of20, 0] }, then: failed },
    { case: { $eq: [of20, 1] }, then: skipped },
  ];
}

function attempted(webhookId: Document): Document {
  return {
    webhookId,
    url: { $concat: ['https://customer.example/hooks/', { $toString: webhookId }] },
    attempts: { $literal: 1 },
    statusCode: { $literal: 200 },
    response: '{"received":true}',
    durationMs: { $literal: 87 },
  };
}

const ledgerStages: readonly Document[] = [
  { $set: { status: statuses } },
  { $unwind: { path: '$status', includeArrayIndex: 'nth' } },
  {
    $set: {
      at: { $add: ['$sendTime', { $multiply: ['$nth', 2_500] }] },
      end: '$notify_on_delivery',
      id: { $concat: ['$_id', ':', '$status'] },
    },
  },
  {
    $project: {
      _id: '$id',
      sms: '$_id',
      state: '$end.state',
      statusAt: '$at',
      accountId: '$accountID',
      endedAt: { $add: ['$at', 100] },
      expireAt: new Date(now.getTime() + 72 * hour),
      run: { $literal: null },
      record: {
        $mergeObjects: [
          '$end',
          { deliveryStatus: '$status', statusAt: '$at', notificationId: '$id' },
        ],
      },
    },
  },
];

async function addWaiting(db: Db): Promise<void> {
  const { claim: _, ...unclaimed } = await ordinaryRow();
  const rows = db.collection<RetryRow>('notify_on_delivery_retries');
  const all = Array.from({ length: scale.waiting }, (_none, n): RetryRow => {
    const account = n % scale.accounts;
    return {
      ...unclaimed,
      _id: `waiting-${n}:DELIVERED`,
      sms: `waiting-${n}`,
      documentKey: { _id: `waiting-${n}` },
      accountId: FIRST_ACCOUNT + account,
      flowId: FIRST_FLOW + account,
      webhookId: account + 1,
      url: `https://customer.example/hooks/${account + 1}`,
      endpoint: `endpoint-${account}`,
      statusAt: new Date(now.getTime() - n * 1_000),
      acceptedAt: new Date(now.getTime() - n * 1_000),
      nextAttemptAt: new Date(now.getTime() + hour),
    };
  });
  await rows.insertMany(all);
}

async function addStatistics(db: Db): Promise<void> {
  const rows = db.collection<EndpointStatsRow>('notify_on_delivery_endpoint_stats');
  const last = Math.floor(now.getTime() / SPAN_MS) * SPAN_MS;
  for (let nth = 0; nth < scale.spans; nth += 1) {
    const start = new Date(last - nth * SPAN_MS);
    const ofSpan = Array.from({ length: scale.endpoints + 1 }, (_, n): EndpointStatsRow => {
      const whose =
        n === scale.endpoints
          ? ({ of: 'all', accountId: null, webhookId: null, url: null } as const)
          : ({
              of: 'endpoint',
              accountId: FIRST_ACCOUNT + n,
              webhookId: n + 1,
              url: `https://customer.example/hooks/${n + 1}`,
            } as const);
      return {
        _id: `${start.getTime()}:${n}`,
        start,
        ...whose,
        ...{ delivered: 60, failed: 2, skipped: 1, calls: 64, tookMs: 6_400 },
        attempts: { '2xx': 60, '5xx': 4 },
        durations: { 8: 60, 12: 4 },
      };
    });
    await rows.insertMany(ofSpan, { ordered: false });
  }
}
