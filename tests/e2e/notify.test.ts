import { beforeAll, describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { Webhook } from 'standardwebhooks';
import { newSms, setStatus } from '../../scripts/harness/smsPlatform.ts';
import { useEndToEnd } from '../support/endToEnd.ts';
import { sampleBody, sampleDocument } from '../support/seedSample.ts';
import { settled } from '../support/settled.ts';

const e2e = useEndToEnd(import.meta.url);

const anyDate: unknown = expect.any(Date);
const anyInt: unknown = expect.any(Number);

/** Inserts an SMS of this account without a status, then sets DELIVERED; the SMS' id. */
async function deliver(accountID: number, fields: object = {}): Promise<string> {
  const document = newSms({ accountID, flowId: accountID * 10, ...fields });
  await e2e().sms.insertOne(document);
  await setStatus(e2e().sms, document._id, 'DELIVERED');
  return document._id;
}

function recordOf(id: string, fields: object): object {
  return {
    deliveryStatus: 'DELIVERED',
    statusAt: anyDate,
    notificationId: `${id}:DELIVERED`,
    ...fields,
  };
}

const timing = {
  firstAttemptAt: anyDate,
  lastAttemptAt: anyDate,
  durationMs: anyInt,
};

beforeAll(async () => {
  await e2e().worker({ RETRY_SCHEDULE: '' });
});

describe('an opted-in account', () => {
  it('is reported the sample SMS with the very body of the requirement', async () => {
    const { central, receiver, sms, record } = e2e();
    const webhookId = await central.optIn(28, 200, { url: receiver.url('/sample?token=hidden') });
    receiver.answer('/sample', { body: '{"stored":true}' });
    const { deliveryStatus, deliveryTime, ...sent } = sampleDocument;
    await sms.insertOne(sent);
    await sms.updateOne({ _id: sent._id }, { $set: { deliveryStatus, deliveryTime } });
    const stored = await record(sent._id);

    const requests = receiver.requests('/sample');
    expect(requests).toHaveLength(1);
    expect(requests[0]?.path).toBe('/sample?token=hidden');
    expect(requests[0]?.body.toString()).toBe(JSON.stringify(sampleBody));
    expect(requests[0]?.headers).toMatchObject({
      'content-type': 'application/json',
      'user-agent': expect.stringMatching(/^notify-on-delivery\/\d+\.\d+\.\d+$/),
      'webhook-id': '290a4138-5729-475f-95e1-9ff30f851d67:DELIVERED',
      'webhook-timestamp': expect.stringMatching(/^\d{10}$/),
      'webhook-attempt': '1',
    });
    expect(requests[0]?.headers).not.toHaveProperty('webhook-signature');
    expect(stored).toEqual(
      recordOf(sent._id, {
        state: 'delivered',
        webhookId,
        url: receiver.url('/sample'),
        attempts: 1,
        statusCode: 200,
        response: '{"stored":true}',
        ...timing,
      }),
    );
  });

  it('is called again after a failure, as quickly as the setting says, with the same body', async () => {
    const { central, receiver, record } = e2e();
    const secret = `whsec_${randomBytes(32).toString('base64')}`;
    const headers = { 'x-customer': 'c-51', 'Webhook-Id': 'forged' };
    await central.optIn(51, 510, { url: receiver.url('/flaky'), secret, headers });
    receiver.answer('/flaky', [{ status: 503, body: 'busy' }, { fault: 'reset' }, { status: 201 }]);
    const id = await deliver(51);
    const stored = await record(id);

    const requests = receiver.requests('/flaky');
    expect(requests.map((request) => request.headers['webhook-attempt'])).toEqual(['1', '2', '3']);
    expect(new Set(requests.map((request) => request.body.toString())).size).toBe(1);
    for (const { body, headers: received } of requests) {
      expect(received).toMatchObject({ 'x-customer': 'c-51', 'webhook-id': `${id}:DELIVERED` });
      expect(() =>
        new Webhook(secret).verify(body.toString(), received as Record<string, string>),
      ).not.toThrow();
    }
    const [first = 0, second = 0, third = 0] = requests.map(({ receivedAt }) => +receivedAt);
    expect(second - first).toBeGreaterThanOrEqual(1_000);
    expect(third - second).toBeGreaterThanOrEqual(4_000);
    expect(stored).toEqual(
      recordOf(id, {
        state: 'delivered',
        webhookId: anyInt,
        url: receiver.url('/flaky'),
        attempts: 3,
        statusCode: 201,
        response: 'ok',
        ...timing,
        history: [
          { at: anyDate, statusCode: 503, error: null, durationMs: anyInt },
          { at: anyDate, statusCode: null, error: 'connection_reset', durationMs: anyInt },
        ],
      }),
    );
  });

  it('gets a failed record when every attempt was in vain', async () => {
    const { central, receiver, record } = e2e();
    await central.optIn(52, 520, { url: receiver.url('/broken') });
    receiver.answer('/broken', { status: 500, body: Buffer.from([0xff, 0xfe, 0x00]) });
    const id = await deliver(52);
    expect(await record(id)).toEqual(
      recordOf(id, {
        state: 'failed',
        reason: 'attempts_exhausted',
        webhookId: anyInt,
        url: receiver.url('/broken'),
        attempts: 3,
        statusCode: 500,
        response: '//4A',
        responseEncoding: 'base64',
        ...timing,
        history: [anyInt, anyInt].map(() => ({
          at: anyDate,
          statusCode: 500,
          error: null,
          durationMs: anyInt,
        })),
      }),
    );
  });

  it('gets the answer cut at the limit, and null for none', async () => {
    const { central, receiver, record } = e2e();
    await central.optIn(53, 530, { url: receiver.url('/long') });
    receiver.answer('/long', [{ body: `x${'€'.repeat(10_000)}` }, { status: 204, body: '' }]);
    const long = await record(await deliver(53));
    expect(long).toMatchObject({ responseTruncated: true, response: `x${'€'.repeat(5_461)}` });
    const none = await record(await deliver(53));
    expect(none).toMatchObject({ statusCode: 204, response: null });
    expect(none).not.toHaveProperty('responseTruncated');
  });

  it('is not redirected', async () => {
    const { central, receiver, record } = e2e();
    await central.optIn(54, 540, { url: receiver.url('/moved') });
    receiver.answer('/moved', [
      { status: 302, headers: { location: receiver.url('/elsewhere') } },
      {},
    ]);
    expect(await record(await deliver(54))).toMatchObject({
      attempts: 2,
      history: [{ statusCode: 302 }],
    });
    expect(receiver.requests('/elsewhere')).toEqual([]);
  });
});

describe('a status that is not notified', () => {
  it.each([
    [61, 'an account without a default webhook', 'no_default_webhook'],
    [62, 'a flow without the webhook', 'flow_webhook_disabled'],
    [63, 'a flow of another account', 'flow_webhook_disabled'],
  ])('is recorded as skipped: %d, %s', async (accountId, _name, reason) => {
    const { central, receiver, record } = e2e();
    await central.setAccount(accountId, ' TRUE ');
    if (accountId !== 61) await central.setDefaultWebhook(accountId, { url: receiver.url('/no') });
    const flowAccount = accountId === 63 ? 28 : accountId;
    await central.setFlow(accountId * 10, flowAccount, accountId !== 62);
    const id = await deliver(accountId);
    expect(await record(id)).toEqual(recordOf(id, { state: 'skipped', reason }));
    expect(receiver.requests('/no')).toEqual([]);
  });

  it.each([
    ['accountID', '28abc'],
    ['accountID', null],
    ['accountID', 1.5],
    ['flowId', '9223372036854775808'],
    ['flowId', true],
    ['phononUuid', ''],
    ['phononUuid', { nested: 1 }],
  ])('is recorded when %s is %p', async (field, value) => {
    const id = await deliver(28, { [field]: value });
    expect(await e2e().record(id)).toEqual(
      recordOf(id, { state: 'skipped', reason: 'unusable_document' }),
    );
  });

  it('is recorded when an insert tells of long ago, unless the account did not opt in', async () => {
    const { sms, record, central, receiver } = e2e();
    await central.optIn(64, 640, { url: receiver.url('/stale') });
    const old = { deliveryStatus: 'DELIVERED', deliveryTime: '2023-10-19T11:59:12' };
    const stale = newSms({ accountID: 64, flowId: 640, ...old });
    const foreign = newSms({ accountID: 999, flowId: 640, ...old });
    await sms.insertMany([stale, foreign]);
    expect(await record(stale._id)).toEqual(
      recordOf(stale._id, { state: 'skipped', reason: 'stale' }),
    );
    await settled(e2e());
    expect(await sms.findOne({ _id: foreign._id })).not.toHaveProperty('notify_on_delivery');
    expect(receiver.requests('/stale')).toEqual([]);
  });

  it('leaves no trace for accounts that did not opt in', async () => {
    const { central, receiver, sms } = e2e();
    const ids: string[] = [];
    for (const [accountId, setting] of [
      [71, null],
      [72, 'false'],
      [73, 'truely'],
    ] as const) {
      await central.optIn(accountId, accountId * 10, { url: receiver.url('/silent') });
      await central.setAccount(accountId, setting);
      ids.push(await deliver(accountId));
    }
    ids.push(await deliver(74));
    await settled(e2e());
    for (const id of ids) {
      expect(await sms.findOne({ _id: id })).not.toHaveProperty('notify_on_delivery');
    }
    expect(receiver.requests('/silent')).toEqual([]);
  });

  it.each([
    ['ftp://example.com/x', null],
    ['not a url', null],
    ['http://user:pass@127.0.0.1/a?b=c#d', 'secret'],
  ])('is recorded as failed when the webhook is unusable: %s', async (url, secret) => {
    const { central, record } = e2e();
    const accountId = 80 + url.length;
    await central.optIn(accountId, accountId * 10, { url, ...(secret !== null && { secret }) });
    const id = await deliver(accountId);
    const stored = await record(id);
    expect(stored).toMatchObject({ state: 'failed', reason: 'invalid_webhook', attempts: 0 });
    expect(stored).not.toHaveProperty('statusCode');
  });
});
