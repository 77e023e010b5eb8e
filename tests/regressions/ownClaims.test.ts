import { beforeAll, expect, it } from '@jest/globals';
import { newSms } from '../../scripts/harness/smsPlatform.ts';
import type { Answer } from '../support/answer.ts';
import { useEndToEnd } from '../support/endToEnd.ts';
import { until } from '../support/until.ts';

const e2e = useEndToEnd(import.meta.url);
const HOUR_MS = 3_600_000;
const COUNT = 5;

beforeAll(async () => {
  await e2e().worker({ LEASE_TTL: '120s', QUICK_RETRIES: '1s', RETRY_AFTER_MAX: '2h' });
});

const onceEach = Array.from({ length: COUNT }, () => '1');
const numbersOf = (path: string): unknown[] =>
  e2e()
    .receiver.requests(path)
    .map(({ headers }) => headers['webhook-attempt']);
const rows = () => e2e().servers.db.collection<{ _id: string }>('notify_on_delivery_retries');

/** As many calls, each held until `answer` is called; resolves when durable state has them all as claimed. */
async function callsUnderWay(account: number) {
  const path = `/account-${account}`;
  await e2e().central.optIn(account, account, { url: e2e().receiver.url(path) });
  let answer = (_answer: Answer): void => undefined;
  const given = new Promise<Answer>((resolve) => {
    answer = resolve;
  });
  e2e().receiver.answer(path, async () => await given);
  const status = { accountID: account, flowId: account, deliveryStatus: 'DELIVERED' };
  const documents = Array.from({ length: COUNT }, () => newSms(status));
  const smsIds = documents.map(({ _id }) => _id);
  await e2e().sms.insertMany(documents);
  const claimed = { sms: { $in: smsIds }, claim: { $exists: true } };
  await until('all are claimed', async () => (await rows().countDocuments(claimed)) === COUNT);
  return { path, smsIds, answer: (value: Answer) => answer(value) };
}

/** What a fail-over to a primary whose clock is ahead makes of claims. */
async function letClaimsRunOut(smsIds: readonly string[]): Promise<void> {
  const earlier = { $subtract: ['$nextAttemptAt', 40_000] };
  const { modifiedCount } = await rows().updateMany(
    { sms: { $in: [...smsIds] }, claim: { $exists: true } },
    [{ $set: { nextAttemptAt: earlier } }],
  );
  expect(modifiedCount).toBe(COUNT);
}

/** Durable state is asked every half second what is due there: it has been since. */
async function untilAskedAgain(account: number): Promise<void> {
  const path = `/marker-${account}`;
  await e2e().central.optIn(account, account, { url: e2e().receiver.url(path) });
  e2e().receiver.answer(path, [{ status: 500 }, { status: 500 }, {}]);
  const status = { accountID: account, flowId: account, deliveryStatus: 'DELIVERED' };
  const { insertedId } = await e2e().sms.insertOne(newSms(status));
  await until(
    'it waits in durable state',
    async () =>
      (await rows().findOne({ sms: insertedId, attempts: 2, claim: { $exists: false } })) !== null,
  );
  await rows().updateOne({ sms: insertedId }, [{ $set: { nextAttemptAt: '$$NOW' } }]);
  await e2e().record(insertedId, ({ state }) => state === 'delivered');
}

it.each([
  ['a 200', {}],
  ['a 503 that asks for an hour', { status: 503, headers: { 'retry-after': '3600' } }],
] satisfies [string, Answer][])(
  'makes no second call when its claims run out in progress, and keeps the answer: %s',
  async (_what, answer) => {
    const isDelivery = !('status' in answer);
    const account = isDelivery ? 1 : 2;
    const { path, smsIds, answer: give } = await callsUnderWay(account);
    await letClaimsRunOut(smsIds);
    await untilAskedAgain(account + 10);
    expect(numbersOf(path)).toEqual(onceEach);
    give(answer);
    for (const id of smsIds) {
      await e2e().record(id, ({ attempts, state }) =>
        isDelivery ? state === 'delivered' : attempts === 1,
      );
    }
    const waiting = await rows()
      .find({ sms: { $in: smsIds } })
      .toArray();
    expect(waiting.map(({ _id }) => _id)).toHaveLength(isDelivery ? 0 : COUNT);
    for (const row of waiting) {
      expect(row).toMatchObject({ attempts: 1, nextAttemptAt: expect.any(Date) });
      expect(row).not.toHaveProperty('claim');
      expect(Number(row['nextAttemptAt' as keyof typeof row])).toBeGreaterThan(
        Date.now() + HOUR_MS / 2,
      );
    }
    expect(numbersOf(path)).toEqual(onceEach);
  },
);
