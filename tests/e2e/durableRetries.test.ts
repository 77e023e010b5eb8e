import { randomBytes } from 'node:crypto';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { Webhook } from 'standardwebhooks';
import { newSms, setStatus } from '../../scripts/harness/smsPlatform.ts';
import { useEndToEnd } from '../support/endToEnd.ts';
import { settled } from '../support/settled.ts';
import { until } from '../support/until.ts';

const e2e = useEndToEnd(import.meta.url);

const SCHEDULE_MS = [1_000, 1_500, 500] as const;
const settings = {
  QUICK_RETRIES: '200ms',
  RETRY_SCHEDULE: SCHEDULE_MS.map((ms) => `${ms}ms`).join(','),
  ROUTE_CACHE_TTL: '0s',
  RETRY_AFTER_MAX: '2h',
  GIVE_UP_AFTER: '2h',
};
const ATTEMPTS = 1 + 1 + SCHEDULE_MS.length;

let account = 100;

/** A new account with a webhook of its own; its path. */
async function newAccount(): Promise<{ accountID: number; flowId: number; path: string }> {
  account += 1;
  const path = `/account-${account}`;
  await e2e().central.optIn(account, account * 10, { url: e2e().receiver.url(path) });
  return { accountID: account, flowId: account * 10, path };
}

async function deliver(fields: object, status = 'DELIVERED'): Promise<string> {
  const document = newSms({ ...fields });
  await e2e().sms.insertOne(document);
  await setStatus(e2e().sms, document._id, status);
  return document._id;
}

const hasEnded = (record: Record<string, unknown>): boolean => record['state'] !== 'retrying';

function gaps(path: string): number[] {
  const times = e2e()
    .receiver.requests(path)
    .map(({ receivedAt }) => receivedAt.getTime());
  return times.slice(1).map((time, index) => time - (times[index] ?? 0));
}

async function rowsOf(id: string): Promise<number> {
  const retries = e2e().servers.db.collection('notify_on_delivery_retries');
  return await retries.countDocuments({ sms: id });
}

beforeAll(async () => {
  await e2e().worker(settings);
});

describe('a webhook that does not answer', () => {
  it('is called as often as the schedule says, never sooner, and then the notification has failed', async () => {
    const { accountID, flowId, path } = await newAccount();
    e2e().receiver.answer(path, { status: 503, body: 'down' });
    const id = await deliver({ accountID, flowId });
    const waiting = await e2e().record(id, (each) => each['attempts'] === 2);
    expect(waiting).toMatchObject({ state: 'retrying', nextAttemptAt: expect.any(Date) });
    const record = (await e2e().record(id, hasEnded)) as { history: unknown[] };
    const seen = gaps(path);
    console.log(`gaps ${seen.join(', ')} ms for 200, ${SCHEDULE_MS.join(', ')} ms`);
    expect(record).toMatchObject({
      state: 'failed',
      reason: 'attempts_exhausted',
      attempts: ATTEMPTS,
      statusCode: 503,
      response: 'down',
    });
    expect(record).not.toHaveProperty('nextAttemptAt');
    expect(record.history).toHaveLength(ATTEMPTS - 1);
    expect(seen).toHaveLength(ATTEMPTS - 1);
    for (const [index, least] of [200, ...SCHEDULE_MS].entries()) {
      expect(seen[index]).toBeGreaterThanOrEqual(least);
    }
    await until('no row is left', async () => (await rowsOf(id)) === 0);
    const numbers = e2e()
      .receiver.requests(path)
      .map(({ headers }) => headers['webhook-attempt']);
    expect(numbers).toEqual(['1', '2', '3', '4', '5']);
  });

  it('is notified when it is back, with the same bytes', async () => {
    const { accountID, flowId, path } = await newAccount();
    const down = { status: 500 };
    e2e().receiver.answer(path, [down, down, down, down, { body: 'back' }]);
    const id = await deliver({ accountID, flowId });
    expect(await e2e().record(id, hasEnded)).toMatchObject({
      state: 'delivered',
      attempts: ATTEMPTS,
      response: 'back',
    });
    const bodies = e2e()
      .receiver.requests(path)
      .map(({ body }) => body.toString());
    expect(new Set(bodies).size).toBe(1);
  });

  it.each([
    ['seconds', () => '3'],
    ['a date', () => new Date(Date.now() + 4_000).toUTCString()],
  ])('is left alone for as long as it asks, by %s', async (_form, header) => {
    const { accountID, flowId, path } = await newAccount();
    e2e().receiver.answer(path, (request) =>
      request.headers['webhook-attempt'] === '1'
        ? { status: 429, headers: { 'retry-after': header() } }
        : {},
    );
    const id = await deliver({ accountID, flowId });
    await e2e().record(id, hasEnded);
    expect(gaps(path)[0]).toBeGreaterThanOrEqual(3_000);
  });

  it('does not hold the checkpoint, slow as it may be', async () => {
    const { accountID, flowId, path } = await newAccount();
    let release = (): void => undefined;
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    e2e().receiver.answer(path, async () => {
      await released;
      return { body: 'at last' };
    });
    const id = await deliver({ accountID, flowId });
    await until('the call has begun', () => e2e().receiver.requests(path).length === 1);
    await settled(e2e());
    expect(await rowsOf(id)).toBe(1);
    release();
    expect(await e2e().record(id)).toMatchObject({ state: 'delivered', attempts: 1 });
    await until('no row is left', async () => (await rowsOf(id)) === 0);
    expect(e2e().receiver.requests(path)).toHaveLength(1);
  });
});

describe('a webhook that wants no more', () => {
  it('is not called again after 410, until its URL changes', async () => {
    const { accountID, flowId, path } = await newAccount();
    e2e().receiver.answer(path, { status: 410 });
    const gone = await e2e().record(await deliver({ accountID, flowId }));
    expect(gone).toMatchObject({ state: 'failed', reason: 'endpoint_gone', attempts: 1 });
    const later = await e2e().record(await deliver({ accountID, flowId }));
    expect(later).toMatchObject({ state: 'failed', reason: 'endpoint_disabled', attempts: 0 });
    expect(e2e().receiver.requests(path)).toHaveLength(1);
    await e2e().central.setDefaultWebhook(accountID, { url: e2e().receiver.url(`${path}/new`) });
    const moved = await e2e().record(await deliver({ accountID, flowId }));
    expect(moved).toMatchObject({ state: 'delivered' });
  });

  it('can end one notification, or all, by a header', async () => {
    const { accountID, flowId, path } = await newAccount();
    e2e().receiver.answer(path, [
      { status: 500, headers: { 'webhook-delivery': 'abort-message' } },
      { status: 200, headers: { 'webhook-delivery': 'disable' } },
    ]);
    const aborted = await e2e().record(await deliver({ accountID, flowId }));
    expect(aborted).toMatchObject({ state: 'failed', reason: 'aborted_by_receiver', attempts: 1 });
    const last = await e2e().record(await deliver({ accountID, flowId }));
    expect(last).toMatchObject({ state: 'delivered' });
    const after = await e2e().record(await deliver({ accountID, flowId }));
    expect(after).toMatchObject({ reason: 'endpoint_disabled', attempts: 0 });
  });
});

describe('a route that changes while a notification waits', () => {
  it('is followed: another webhook is called', async () => {
    const { accountID, flowId, path } = await newAccount();
    e2e().receiver.answer(path, { status: 500 });
    const id = await deliver({ accountID, flowId });
    await e2e().record(id, (each) => each['attempts'] === 2);
    await e2e().central.setDefaultWebhook(accountID, { url: e2e().receiver.url(`${path}/new`) });
    expect(await e2e().record(id, hasEnded)).toMatchObject({
      state: 'delivered',
      attempts: 3,
      url: e2e().receiver.url(`${path}/new`),
    });
  });

  it('withdraws the notification when it is switched off', async () => {
    const { accountID, flowId, path } = await newAccount();
    e2e().receiver.answer(path, { status: 500 });
    const id = await deliver({ accountID, flowId });
    await e2e().record(id, (each) => each['attempts'] === 2);
    await e2e().central.setFlow(flowId, accountID, false);
    expect(await e2e().record(id, hasEnded)).toMatchObject({
      state: 'failed',
      reason: 'notification_withdrawn',
      attempts: 2,
      statusCode: 500,
    });
    expect(e2e().receiver.requests(path)).toHaveLength(2);
  });
});

describe('an older status that is still being retried', () => {
  it('never shows in place of the newer one, and ends in `earlier`', async () => {
    const { accountID, flowId, path } = await newAccount();
    e2e().receiver.answer(path, ({ headers }) =>
      String(headers['webhook-id']).endsWith(':SENT')
        ? { status: 500 }
        : { body: '$deliveryStatus' },
    );
    const id = await deliver({ accountID, flowId }, 'SENT');
    await e2e().record(id, (each) => each['state'] === 'retrying');
    await setStatus(e2e().sms, id, 'DELIVERED');
    const delivered = await e2e().record(id, (each) => each['deliveryStatus'] === 'DELIVERED');
    expect(delivered).toMatchObject({
      state: 'delivered',
      response: '$deliveryStatus',
      earlier: [{ deliveryStatus: 'SENT', state: 'retrying' }],
    });
    const shown = new Set<unknown>();
    await e2e().record(id, (each) => {
      shown.add(each['deliveryStatus']);
      const [earlier] = each['earlier'] as { state: string }[];
      return earlier?.state === 'failed';
    });
    expect([...shown]).toEqual(['DELIVERED']);
    expect(await e2e().record(id)).toMatchObject({
      earlier: [{ deliveryStatus: 'SENT', reason: 'attempts_exhausted', attempts: ATTEMPTS }],
    });
  });
});

describe('a notification that can not be served in time', () => {
  it('has expired', async () => {
    const { accountID, flowId, path } = await newAccount();
    e2e().receiver.answer(path, { status: 503, headers: { 'retry-after': '7200' } });
    const id = await deliver({ accountID, flowId });
    expect(await e2e().record(id, hasEnded)).toMatchObject({
      state: 'failed',
      reason: 'expired',
      attempts: 1,
      statusCode: 503,
    });
    expect(await rowsOf(id)).toBe(0);
  });
});

describe('a secret that is changed between attempts', () => {
  const newSecret = (): string => `whsec_${randomBytes(32).toString('base64')}`;

  it('signs from the next attempt on: first beside the old one, then alone', async () => {
    const { central, receiver, record } = e2e();
    const { accountID, flowId, path } = await newAccount();
    const [old, next] = [newSecret(), newSecret()];
    const setSecret = async (secret: string): Promise<void> => {
      const update = 'UPDATE Webhook SET secret = ? WHERE accountID = ?';
      await central.connection.query(update, [secret, accountID]);
    };
    await setSecret(old);
    // By the number of the attempt; those after it are signed with what is set before the answer.
    const changes = [old, `${next} ${old}`, next];
    receiver.answer(path, async ({ headers }) => {
      const attempt = Number(headers['webhook-attempt']);
      await setSecret(changes[attempt - 1] ?? next);
      return attempt < ATTEMPTS ? { status: 503 } : {};
    });
    const id = await deliver({ accountID, flowId });
    expect(await record(id, hasEnded)).toMatchObject({ state: 'delivered', attempts: ATTEMPTS });
    const verifiedBy = receiver.requests(path).map(({ body, headers }) =>
      [old, next].map((secret) => {
        try {
          return Boolean(new Webhook(secret).verify(body.toString(), headers as never));
        } catch {
          return false;
        }
      }),
    );
    expect(verifiedBy).toEqual([
      [true, false],
      // A quick retry uses what the first attempt found.
      [true, false],
      [true, true],
      [false, true],
      [false, true],
    ]);
  });
});
