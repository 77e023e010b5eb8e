import { beforeAll, describe, expect, it } from '@jest/globals';
import { newSms, setStatus } from '../../scripts/harness/smsPlatform.ts';
import type { Answer } from '../support/answer.ts';
import { useEndToEnd } from '../support/endToEnd.ts';

const e2e = useEndToEnd(import.meta.url);

const settings = {
  QUICK_RETRIES: '100ms',
  RETRY_SCHEDULE: '500ms,30m',
  RETRY_AFTER_MAX: '2h',
  GIVE_UP_AFTER: '2h',
  ROUTE_CACHE_TTL: '0s',
  RESPONSE_LIMIT: '64',
};
const down: Answer = { status: 503 };

/** What docs/record.md says is there, for one record. */
interface Reported {
  readonly state: 'delivered' | 'retrying' | 'failed' | 'skipped';
  readonly reason?: string;
  /** Calls made; none for what was skipped. */
  readonly attempts?: number;
  /** Fields that are there only where they apply, beside those that follow from the above. */
  readonly also?: readonly string[];
}

function keysOf({ state, reason, attempts, also = [] }: Reported): readonly string[] {
  return [
    ...['state', 'deliveryStatus', 'statusAt', 'notificationId', ...also],
    ...(reason === undefined ? [] : ['reason']),
    ...(attempts === undefined ? [] : ['webhookId', 'url', 'attempts']),
    ...((attempts ?? 0) > 0
      ? ['statusCode', 'response', 'firstAttemptAt', 'lastAttemptAt', 'durationMs']
      : []),
    ...((attempts ?? 0) > 1 ? ['history'] : []),
    ...(state === 'retrying' ? ['nextAttemptAt'] : []),
  ].toSorted();
}

let account = 500;
interface Account {
  readonly accountID: number;
  readonly flowId: number;
  readonly path: string;
}

async function newAccount(script: Answer | readonly Answer[]): Promise<Account> {
  account += 1;
  const path = `/account-${account}`;
  await e2e().central.optIn(account, account * 10, { url: e2e().receiver.url(path) });
  e2e().receiver.answer(path, script);
  return { accountID: account, flowId: account * 10, path };
}

async function deliver(fields: object, status = 'DELIVERED'): Promise<string> {
  const document = newSms({ ...fields });
  await e2e().sms.insertOne(document);
  await setStatus(e2e().sms, document._id, status);
  return document._id;
}

async function expectRecord(id: string, notified: Reported): Promise<void> {
  const { state, reason, attempts } = notified;
  const isThere = (record: Record<string, unknown>): boolean =>
    record['state'] === state && record['attempts'] === attempts;
  const record = (await e2e().record(id, isThere)) as Record<string, unknown>;
  expect(record['reason']).toBe(reason);
  expect(Object.keys(record).toSorted()).toEqual(keysOf(notified));
}

beforeAll(async () => {
  await e2e().worker(settings);
});

describe('the record has the fields of its state and no others', () => {
  it.each<[string, Answer | readonly Answer[], Reported]>([
    ['delivered at once', { body: 'ok' }, { state: 'delivered', attempts: 1 }],
    ['delivered with no body', { status: 204, body: '' }, { state: 'delivered', attempts: 1 }],
    ['delivered by a quick retry', [down, {}], { state: 'delivered', attempts: 2 }],
    ['delivered from durable state', [down, down, {}], { state: 'delivered', attempts: 3 }],
    [
      'delivered with more than is kept',
      { body: 'x'.repeat(65) },
      { state: 'delivered', attempts: 1, also: ['responseTruncated'] },
    ],
    [
      'delivered with what is no text',
      { body: Buffer.from([0xff, 0xfe]) },
      { state: 'delivered', attempts: 1, also: ['responseEncoding'] },
    ],
    [
      'delivered with a body cut short',
      { headers: { 'content-length': '50' }, body: 'half', fault: 'cutMidBody' },
      { state: 'delivered', attempts: 1, also: ['error'] },
    ],
    ['delivered after a reset', [{ fault: 'reset' }, {}], { state: 'delivered', attempts: 2 }],
    ['waiting for a retry', down, { state: 'retrying', attempts: 3 }],
    [
      'waiting for a retry after a reset',
      { fault: 'reset' },
      { state: 'retrying', attempts: 3, also: ['error'] },
    ],
    [
      'expired',
      { status: 503, headers: { 'retry-after': '7200' } },
      { state: 'failed', reason: 'expired', attempts: 1 },
    ],
    [
      'given up for a 410',
      { status: 410 },
      { state: 'failed', reason: 'endpoint_gone', attempts: 1 },
    ],
    [
      'given up as asked',
      [down, { status: 500, headers: { 'webhook-delivery': 'abort-message' } }],
      { state: 'failed', reason: 'aborted_by_receiver', attempts: 2 },
    ],
  ])('%s', async (_state, script, notified) => {
    await expectRecord(await deliver(await newAccount(script)), notified);
  });

  it('not called, the endpoint being disabled', async () => {
    const fields = await newAccount({ status: 410 });
    await expectRecord(await deliver(fields), {
      state: 'failed',
      reason: 'endpoint_gone',
      attempts: 1,
    });
    const notified = { state: 'failed', reason: 'endpoint_disabled', attempts: 0 } as const;
    await expectRecord(await deliver(fields), notified);
  });

  it('not called, the webhook being unusable', async () => {
    const fields = await newAccount({});
    await e2e().central.setDefaultWebhook(fields.accountID, {
      url: 'https://a.example',
      secret: 'x',
    });
    const notified = { state: 'failed', reason: 'invalid_webhook', attempts: 0 } as const;
    await expectRecord(await deliver(fields), notified);
  });

  it('withdrawn while it waited', async () => {
    const fields = await newAccount([down, down, down]);
    await e2e().central.setFlow(fields.flowId, fields.accountID, true);
    const id = await deliver(fields);
    await e2e().record(id, (record) => record['attempts'] === 2);
    await e2e().central.setFlow(fields.flowId, fields.accountID, false);
    const notified = { state: 'failed', reason: 'notification_withdrawn', attempts: 2 } as const;
    await expectRecord(id, notified);
  });

  it.each<[string, (fields: Account) => Promise<object>]>([
    [
      'no_default_webhook',
      async (fields) => {
        await e2e().central.connection.query('DELETE FROM Webhook WHERE accountID = ?', [
          fields.accountID,
        ]);
        return fields;
      },
    ],
    [
      'flow_webhook_disabled',
      async (fields) => {
        await e2e().central.setFlow(fields.flowId, fields.accountID, false);
        return fields;
      },
    ],
    ['unusable_document', (fields) => Promise.resolve({ ...fields, phononUuid: 7 })],
  ])('skipped: %s', async (reason, change) => {
    const id = await deliver(await change(await newAccount({})));
    await expectRecord(id, { state: 'skipped', reason });
  });

  it('skipped: stale', async () => {
    const fields = await newAccount({});
    const deliveryTime = new Date('2001-01-01T00:00:00Z');
    const document = newSms({ ...fields, deliveryStatus: 'DELIVERED', deliveryTime });
    await e2e().sms.insertOne(document);
    await expectRecord(document._id, { state: 'skipped', reason: 'stale' });
  });

  it('with earlier statuses, whatever became of them', async () => {
    const fields = await newAccount([{}, down, down, down, {}]);
    const id = await deliver(fields, 'SENT');
    await expectRecord(id, { state: 'delivered', attempts: 1 });
    await setStatus(e2e().sms, id, 'DELIVERED');
    await expectRecord(id, { state: 'retrying', attempts: 3, also: ['earlier'] });
    await setStatus(e2e().sms, id, 'READ');
    await expectRecord(id, { state: 'delivered', attempts: 1, also: ['earlier'] });
    const { earlier } = (await e2e().record(id)) as { earlier: Record<string, unknown>[] };
    expect(earlier.map((each) => Object.keys(each).toSorted())).toEqual(
      [1, 2].map(() =>
        [
          ...['deliveryStatus', 'statusAt', 'notificationId', 'state'],
          ...['statusCode', 'attempts', 'lastAttemptAt'],
        ].toSorted(),
      ),
    );
  });
});
