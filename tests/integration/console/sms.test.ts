import { beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Document } from 'mongodb';
import { newSms } from '../../../scripts/harness/smsPlatform.ts';
import type { ConsoleApp } from '../../support/consoleApp.ts';
import { createRetries } from '../../support/mongoRetries.ts';
import { aLog, answered, aRetry, aSubject, aWebhook } from '../../support/builders.ts';
import { untyped } from '../../support/untyped.ts';
import { useConsole } from '../../support/useConsole.ts';

const world = useConsole(import.meta.url);
const sms = () => untyped(world().servers.db.collection('SMSDetailDocument'));
const url = 'https://customer.example/hook';
const number = '919876543210';
const text = 'The one-time password is 4711.';
const response = '<b>thanks</b>';
const at = new Date('2026-01-31T10:00:00Z');
let webhookId = 0;

/** With the status DELIVERED, and a record of it. */
async function insert(
  _id: string,
  record: Document | null,
  fields: Document = {},
): Promise<string> {
  const own = { accountID: 28, flowId: 200, deliveryStatus: 'DELIVERED', deliveryTime: at };
  const subject = { deliveryStatus: 'DELIVERED', statusAt: at, notificationId: `${_id}:DELIVERED` };
  await sms().insertOne({
    ...newSms({ ...own, to: number, text, ...fields }),
    _id,
    ...(record === null ? {} : { notify_on_delivery: { ...subject, ...record } }),
  });
  return `/sms/${_id}`;
}

const called = {
  ...{ attempts: 2, statusCode: 500, response, webhookId: 5, url, durationMs: 1_250 },
  ...{ firstAttemptAt: at, lastAttemptAt: new Date('2026-01-31T10:00:05Z') },
  history: [{ at, statusCode: null, error: 'timeout', durationMs: 15_000 }],
};
const failed = { ...called, state: 'failed', reason: 'attempts_exhausted' };

type ShownPage = Awaited<ReturnType<ConsoleApp['get']>>;

const lampsIn = ({ html }: ShownPage): readonly (string | undefined)[] =>
  Array.from(html.matchAll(/<li class="lamp (\w+)"/g), ([, tone]) => tone);

beforeAll(async () => {
  const webhook = { url: `${url}?token=s3cret`, headers: { 'X-Key': 'k3y' } };
  webhookId = await world().central.optIn(28, 200, webhook);
});
beforeEach(async () => {
  await sms().deleteMany({});
  await world().state.retries.deleteMany({});
});

describe('the page of an SMS', () => {
  it('shows where it stopped, each call and what it would be now', async () => {
    const path = await insert('one', failed);
    const page = await world().app.get(path, 'viewer');
    expect(page.status).toBe(200);
    expect(lampsIn(page)).toEqual(['good', 'good', 'good', 'good', 'bad', 'good']);
    expect(page.text).toContain('It ended as failed / attempts_exhausted, after 2 calls.');
    expect(page.text).toContain('It stops at: Calls.');
    expect(page.text).toMatch(/15:30:00\.000\+05:30 failed DELIVERED, call 1, timeout, 15\.0 s/);
    expect(page.text).toMatch(/15:30:05\.000\+05:30 failed DELIVERED, call 2, HTTP 500, 1\.3 s/);
    expect(page.text).toMatch(/Would it be notified now\? yes Nothing stands in its way\./);
    expect(page.text).toMatch(/As of 20.*SMS one to 91•••••••210 has .*made all our attempts/);
  });

  it('hides numbers, texts, bodies and answers from a viewer, and offers no act', async () => {
    const page = await world().app.get(await insert('hidden', failed), 'viewer');
    for (const hidden of [number, '4711', 'thanks', 's3cret', 'k3y']) {
      expect(page.html).not.toContain(hidden);
    }
    expect(page.html).not.toMatch(/\/(?:reveal|resend|run)"/);
    expect(page.text).toContain('91•••••••210');
    expect(page.text).toContain('to see it takes the role "support"');
  });

  it('hides them from support as well, until it asks', async () => {
    const page = await world().app.get(await insert('asked', failed), 'support');
    for (const hidden of [number, '4711', 'thanks', 's3cret', 'k3y']) {
      expect(page.html).not.toContain(hidden);
    }
    expect(page.text).toContain('Reveal the body');
  });

  it.each<[string, (on: boolean) => Promise<unknown>, RegExp, string]>([
    [
      'step 1',
      async (on) => await world().central.setAccount(28, on ? 'true' : 'false'),
      /It stops at: Step 1, the account\..*Account 28 has not opted in/,
      '/accounts/28#step-1',
    ],
    [
      'step 2',
      async (on) =>
        await world().servers.mysql.query('UPDATE Webhook SET isDefault = ? WHERE accountID = 28', [
          on ? 1 : 0,
        ]),
      /It stops at: Step 2, the default webhook\..*Account 28 has no default webhook/,
      '/accounts/28#webhooks',
    ],
    [
      'step 3',
      async (on) => await world().central.setFlow(200, 28, on),
      /It stops at: Step 3, the flow\..*Flow 200 does not have its webhook enabled/,
      '/accounts/28#flows',
    ],
  ])('names %s, and leads those there who may set it', async (_step, turn, says, href) => {
    const path = await insert('stopped', null);
    await turn(false);
    try {
      const page = await world().app.get(path, 'editor');
      expect(page.text).toMatch(says);
      expect(page.text).toMatch(/Would it be notified now\? no Step \d: /);
      expect(page.html).toContain(`href="${href}"`);
      const support = await world().app.get(path, 'support');
      expect(support.text).toMatch(says);
      expect(support.html).not.toContain(`href="${href}"`);
    } finally {
      await turn(true);
    }
  });

  it('has a part that is served alone, to be shown anew', async () => {
    const path = await insert('live', failed);
    expect((await world().app.get(path)).html).toContain(`data-live="${path}/live"`);
    const part = await world().app.get(`${path}/live`, 'viewer');
    expect(part.status).toBe(200);
    expect(part.html).not.toMatch(/<html|Answer for the customer/);
    expect(lampsIn(part)).toHaveLength(6);
  });
});

describe('what is personal', () => {
  it.each([
    ['number', number],
    ['text', text],
    ['body', `"text":"${text}"`],
    ['response', response],
  ])('is revealed one by one, after an entry in the audit: the %s', async (what, shown) => {
    const path = await insert('revealed', failed);
    const page = await world().app.act(`${path}/reveal`, { what }, 'support');
    expect(page).toMatchObject({ status: 200, to: null });
    expect(page.text).toContain(what === 'response' ? shown : shown.replaceAll(/\s+/g, ' '));
    expect(page.html).not.toContain('<b>thanks');
    expect(await world().audited()).toEqual([
      { user: 'asha', what: `reveal ${what}`, on: 'SMS revealed' },
    ]);
    const others = [number, text, 'thanks'].filter((each) => !shown.includes(each));
    // The body holds the number and the text.
    for (const other of what === 'body' ? ['thanks'] : others) {
      expect(page.text).not.toContain(other);
    }
    expect((await world().app.get(path, 'support')).text).not.toContain(shown);
  });

  it('is not revealed to a viewer, nor anything else to anybody', async () => {
    const path = await insert('kept', failed);
    const refused = await world().app.act(`${path}/reveal`, { what: 'text' }, 'viewer');
    expect(refused.status).toBe(403);
    const unknown = await world().app.act(`${path}/reveal`, { what: 'secret' }, 'editor');
    expect(unknown.status).toBe(409);
    expect(await world().audited()).toEqual([]);
  });

  it('says that an answer was cut, or is no text', async () => {
    const more = { response: '/w==', responseTruncated: true, responseEncoding: 'base64' };
    const path = await insert('binary', { ...failed, ...more });
    const page = await world().app.act(`${path}/reveal`, { what: 'response' }, 'support');
    expect(page.text).toMatch(/in base64\..*only what RESPONSE_LIMIT allows.*\/w==/);
  });
});

describe('what support can do on the page of an SMS', () => {
  const waiting = async (id: string): Promise<Document | null> =>
    await untyped(world().state.retries).findOne({ _id: `${id}:DELIVERED` });

  it('sends it again', async () => {
    const path = await insert('again', failed);
    expect((await world().app.get(path, 'support')).text).toContain('Send again');
    const page = await world().app.act(`${path}/resend`, {}, 'support');
    expect(page).toMatchObject({ status: 200, to: path });
    expect(page.text).toContain('Status DELIVERED of again is queued;');
    expect(await waiting('again')).toMatchObject({ accountId: 28, deliveryStatus: 'DELIVERED' });
    expect(await world().audited()).toEqual([
      { user: 'asha', what: 'send again', on: 'SMS again, status DELIVERED' },
    ]);
  });

  it('sends an older status again', async () => {
    const earlier = [{ deliveryStatus: 'SENT', statusAt: at, state: 'delivered', attempts: 1 }];
    const path = await insert('older', { ...failed, earlier });
    expect((await world().app.get(path, 'support')).html).toContain('<option value="SENT">');
    const page = await world().app.act(`${path}/resend`, { status: 'SENT' }, 'support');
    expect(page.text).toContain('Status SENT of older is queued;');
  });

  it('sends again what does not wait', async () => {
    const path = await insert('sent too', { ...called, state: 'retrying' });
    const rows = untyped(world().state.retries);
    const waits = { deliveryStatus: 'SENT', sms: 'sent%20too', nextAttemptAt: new Date(0) };
    await rows.insertOne({ _id: 'sent%20too:SENT', ...waits });
    const page = await world().app.get(path, 'support');
    expect(page.html).toMatch(/name="status" value="DELIVERED"/);
    expect(page.html).not.toContain('<option');
  });

  it('says on the page why it can not be sent again', async () => {
    const path = await insert('refused', failed);
    await world().central.setFlow(200, 28, false);
    const page = await world().app.act(`${path}/resend`, {}, 'support');
    await world().central.setFlow(200, 28, true);
    expect(page).toMatchObject({ status: 409, to: null });
    expect(page.text).toMatch(/It can't be sent now\. Step 3: flow 200 does not.*What happened/);
    expect(await waiting('refused')).toBeNull();
    const unknown = await world().app.act(`${path}/resend`, { status: 'READ' }, 'support');
    expect(unknown.text).toContain('No status "READ" of it is known; known are: DELIVERED.');
  });

  it('makes due what waits, with the body it waits with', async () => {
    const path = await insert('later', { ...called, state: 'retrying' });
    const { store } = createRetries(world().servers.mongo, world().servers.database);
    const subject = { ...aSubject(), smsKey: 'later', notificationId: 'later:DELIVERED' };
    const log = aLog(answered(503), answered(500));
    const webhook = aWebhook({ webhookId, displayUrl: url });
    const body = Buffer.from('{"frozen":true}');
    await store.schedule(aRetry({ subject, log, webhook, body }), 3_600_000);
    const before = await world().app.get(path, 'support');
    expect(before.text).toMatch(/It waits at: Calls\./);
    expect(before.text).toMatch(/due DELIVERED, call 3/);
    expect(before.text).toContain('what waits is sent with these bytes');
    expect(before.html).not.toContain(`${path}/resend`);
    const revealed = await world().app.act(`${path}/reveal`, { what: 'body' }, 'support');
    expect(revealed.text).toContain('{"frozen":true}');
    const again = await world().app.act(`${path}/resend`, {}, 'support');
    expect(again.text).toMatch(/already waiting.*"Run now" makes it due now/);
    const page = await world().app.act(`${path}/run`, {}, 'support');
    expect(page.text).toContain('1 notification made due.');
    const row = await waiting('later');
    expect(Number(row?.['nextAttemptAt'])).toBeLessThanOrEqual(Date.now());
    expect(await world().audited()).toContainEqual({
      ...{ user: 'asha', what: 'run retries', on: 'SMS later' },
    });
  });

  it.each(['resend', 'run', 'reveal'])('is nothing for a viewer: %s', async (act) => {
    const path = await insert('viewed', failed);
    expect((await world().app.act(`${path}/${act}`, {}, 'viewer')).status).toBe(403);
    expect(await world().audited()).toEqual([]);
  });
});
