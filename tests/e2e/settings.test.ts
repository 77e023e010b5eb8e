import { beforeAll, describe, expect, it } from '@jest/globals';
import { readdir, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { newSms, type SmsDocument } from '../../scripts/harness/smsPlatform.ts';
import { useEndToEnd } from '../support/endToEnd.ts';
import { grantSelect } from '../support/leastPrivileges.ts';
import { loadSchema } from '../support/servers.ts';
import { settled } from '../support/settled.ts';
import { until } from '../support/until.ts';

const e2e = useEndToEnd(import.meta.url, { readsOplog: true });

const configFile = (name: string): string =>
  fileURLToPath(new URL(`../../config/${name}`, import.meta.url));

async function insert(fields: object): Promise<SmsDocument> {
  const document = newSms({ accountID: 28, flowId: 200, ...fields });
  await e2e().sms.insertOne(document);
  return document;
}

function notified(path: string): readonly unknown[] {
  return e2e()
    .receiver.requests(path)
    .map((request) => request.headers['webhook-id']);
}

beforeAll(async () => {
  const { central, receiver } = e2e();
  await central.optIn(28, 200, { url: receiver.url('/hook') });
});

describe('HTTP_THREADS', () => {
  it('has so many threads make the calls, which end with the worker', async () => {
    const { receiver, worker, central } = e2e();
    await central.optIn(30, 300, { url: receiver.url('/by-threads') });
    receiver.answer('/by-threads', { delayMs: 1_000, body: 'late' });
    const { stop, line } = await worker({ HTTP_THREADS: '3' });
    const { pid } = await line('started');
    const document = await insert({ accountID: 30, flowId: 300, deliveryStatus: 'SENT' });
    await until('it is called', () => notified('/by-threads').length === 1);
    expect(await threadsOf(Number(pid))).toBe(3);
    expect(await stop()).toEqual({ code: 0, signal: null });
    expect(await e2e().record(document._id)).toMatchObject({ response: 'late', attempts: 1 });
  });
});

/** By the name that they have on Linux. */
async function threadsOf(pid: number): Promise<number> {
  const tasks = await readdir(`/proc/${pid}/task`);
  const names = tasks.map(async (task) => await readFile(`/proc/${pid}/task/${task}/comm`, 'utf8'));
  return (await Promise.all(names)).filter((name) => name.trim() === 'calls').length;
}

describe('DELIVERY_STATUSES', () => {
  it('narrows the statuses that count', async () => {
    await e2e().worker({ DELIVERY_STATUSES: 'FAILED, EXPIRED' });
    const expired = await insert({ deliveryStatus: 'EXPIRED' });
    const sent = await insert({ deliveryStatus: 'SENT' });
    await until('the wanted one is notified', () => notified('/hook').length > 0);
    await e2e().record(expired._id);
    expect(notified('/hook')).toEqual([`${expired._id}:EXPIRED`]);
    expect(await e2e().sms.findOne({ _id: sent._id })).not.toHaveProperty('notify_on_delivery');
  });
});

describe('RECORD_SKIPS=false', () => {
  it('leaves skipped statuses unrecorded, and remembers them all the same', async () => {
    await e2e().worker({ RECORD_SKIPS: 'false' });
    const skipped = await insert({ flowId: 201, deliveryStatus: 'SENT' });
    const sent = e2e().servers.db.collection<{ _id: string }>('notify_on_delivery_sent');
    const row = await until(
      'it is remembered',
      async () => await sent.findOne({ _id: `${skipped._id}:SENT` }),
    );
    expect(row).toMatchObject({ sms: skipped._id, state: 'skipped', record: null });
    expect(await e2e().sms.findOne({ _id: skipped._id })).not.toHaveProperty('notify_on_delivery');
  });
});

describe('PAYLOAD_TIMEZONE, QUICK_RETRIES and RESPONSE_LIMIT', () => {
  it('take effect', async () => {
    const { worker, receiver, central, record } = e2e();
    await central.optIn(29, 290, { url: receiver.url('/other') });
    receiver.answer('/other', { status: 500, body: 'no, never' });
    await worker({
      PAYLOAD_TIMEZONE: 'America/St_Johns',
      QUICK_RETRIES: '',
      RETRY_SCHEDULE: '',
      RESPONSE_LIMIT: '2',
      MAX_STATUS_AGE: '3650d',
      REMEMBER: '3650d',
    });
    const { _id } = await insert({
      accountID: 29,
      flowId: 290,
      deliveryStatus: 'SENT',
      sendTime: new Date('2023-07-01T00:00:00.000Z'),
    });
    expect(await record(_id)).toMatchObject({
      state: 'failed',
      reason: 'attempts_exhausted',
      attempts: 1,
      response: 'no',
      responseTruncated: true,
    });
    const body = receiver.requests('/other')[0]?.json();
    expect(body).toMatchObject({ smsDetails: [{ sendTime: '2023-06-30T21:30:00.000-02:30' }] });
  });
});

describe('MYSQL_ROUTE_QUERY_FILE', () => {
  it('can give another webhook for one status', async () => {
    const { worker, receiver, central, servers } = e2e();
    await loadSchema(servers.mysqlUri, configFile('central-schema.per-status.sql'));
    if (process.env['TEST_CA_FILE'] !== undefined) await grantSelect(servers, 'WebhookByStatus');
    const [result] = await central.connection.query(
      "INSERT INTO Webhook (accountID, name, url, isDefault) VALUES (28, 'failures', ?, 0)",
      [receiver.url('/failures')],
    );
    const { insertId } = result as { insertId: number };
    await central.connection.query("INSERT INTO WebhookByStatus VALUES (28, 'FAILED', ?)", [
      insertId,
    ]);
    await worker({ MYSQL_ROUTE_QUERY_FILE: configFile('route.per-status.sql') });
    const failed = await insert({ deliveryStatus: 'FAILED' });
    const delivered = await insert({ deliveryStatus: 'DELIVERED' });
    expect(await e2e().record(failed._id)).toMatchObject({ url: receiver.url('/failures') });
    expect(await e2e().record(delivered._id)).toMatchObject({ url: receiver.url('/hook') });
  });
});

describe('HTTP_PORT=off and LOG_FORMAT=text', () => {
  it('give a worker without probes whose log is for people', async () => {
    const { startWorker, record } = e2e();
    const worker = startWorker({ HTTP_PORT: 'off', LOG_FORMAT: 'text' });
    await until('the stream is open', () =>
      / INFO +The change stream is open\. \[stream_opened\] /.test(worker.output()),
    );
    const { _id } = await insert({ deliveryStatus: 'SENT' });
    await record(_id);
    await settled(e2e());
    expect(worker.output()).toMatch(
      new RegExp(
        `^[-\\d]{10} [:.\\d]{12} \\+05:30 INFO +A webhook was called\\. \\[attempt\\] notificationId=${_id}:SENT `,
        'm',
      ),
    );
    expect(worker.lines).toEqual([]);
    expect(await worker.stop()).toEqual({ code: 0, signal: null });
  });
});
