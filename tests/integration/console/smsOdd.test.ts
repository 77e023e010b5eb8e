import { beforeAll, describe, expect, it } from '@jest/globals';
import { Decimal128, Long, ObjectId, type Document } from 'mongodb';
import { newSms } from '../../../scripts/harness/smsPlatform.ts';
import { undecodable } from '../../support/oddBson.ts';
import { damage, made, type Fields } from '../../support/oddRows.ts';
import { untyped } from '../../support/untyped.ts';
import { useConsole } from '../../support/useConsole.ts';

const world = useConsole(import.meta.url);
const sms = () => untyped(world().servers.db.collection('SMSDetailDocument'));
const at = new Date('2026-01-31T10:00:00Z');

async function insert(fields: Document): Promise<void> {
  await sms().insertOne(newSms({ deliveryStatus: 'DELIVERED', deliveryTime: at, ...fields }));
}

beforeAll(async () => {
  await world().central.optIn(28, 200, { url: 'https://customer.example/hook' });
  await insert({ _id: 'plain' });
});

describe('a page of an SMS that is not as it should be', () => {
  it.each<[string, Fields, RegExp]>([
    ['without a status', { deliveryStatus: undefined }, /has no delivery status yet/],
    ['whose status is a number', { deliveryStatus: 5 }, /deliveryStatus must be a non-empty/],
    ['whose account is none', { accountID: '28abc' }, /accountID must be an integral number/],
    ['without a flow', { flowId: null }, /flowId must be an integral number/],
    ['without a phonon-uuid', { phononUuid: 7 }, /phononUuid must be a non-empty string/],
    ['whose number is a document', { to: { number: '919999999999' } }, /To •••••/],
    ['without a number and a text', { to: null, text: undefined }, /It has no text/],
    ['whose text is odd', { text: undecodable.regex() }, /Text: Reveal the text/],
    ['whose time is odd', { deliveryTime: made.dateBeyondAll }, /DELIVERED/],
    ['whose account is a Decimal128', { accountID: Decimal128.fromString('28') }, /Account 28/],
    ['whose record is a text', { notify_on_delivery: 'x' }, /Nothing is recorded of it/],
    [
      'whose record is odd',
      { notify_on_delivery: { notificationId: 'odd:DELIVERED', attempts: 'x', history: [5] } },
      /Its record has a state that no worker writes/,
    ],
    [
      'of which another has written the record',
      {
        notify_on_delivery: {
          ...{ notificationId: 'odd:DELIVERED', state: '<script>', attempts: 1 },
          ...{ response: { a: 1 }, lastAttemptAt: 'soon', url: 5 },
        },
      },
      /no worker writes: <script>/,
    ],
  ])('shows what is wrong: one %s', async (_what, fields, says) => {
    await sms().deleteOne({ _id: 'odd' });
    await world().state.retries.deleteMany({});
    await insert({ _id: 'odd' });
    await damage(sms(), { _id: 'odd' }, fields);
    for (const path of ['/sms/odd', '/sms/odd/live']) {
      expect((await world().app.get(path, 'support')).status).toBe(200);
    }
    const page = await world().app.get('/sms/odd', 'support');
    expect(page.text).toMatch(says);
    expect(page.html).not.toContain('<script>');
    const answer = await world().app.act('/sms/odd/resend', {}, 'support');
    expect([200, 409]).toContain(answer.status);
  });

  it.each<[string, unknown, string]>([
    ['an ObjectId', new ObjectId('65b9a0f0c0ffee0000000001'), '/sms/65b9a0f0c0ffee0000000001'],
    ['a Long', Long.fromString('9007199254740993'), '/sms/9007199254740993'],
    ['half a percent sign', '100%', '/sms/100%25'],
    ['a slash', 'a/b', '/sms/a%2Fb'],
    ['what a URL decodes twice', 'a%2Fb', '/sms/a%252Fb'],
    ['a dot', '.', '/sms/%22.%22'],
    ['signs of HTML', '<b>"&', '/sms/%3Cb%3E%22%26'],
  ])('is found by an _id that is %s, and its acts too', async (_what, _id, path) => {
    await insert({ _id });
    const page = await world().app.get(path, 'support');
    expect(page.status).toBe(200);
    expect(page.html).toContain(`action="${path}/resend"`);
    expect(page.html).not.toContain('<b>"');
    expect((await world().app.get(`${path}/live`)).status).toBe(200);
    expect((await world().app.act(`${path}/resend`)).to).toBe(path);
  });

  it.each([
    ['nobody', 'nobody'],
    ['nothing but a sign', '%'],
    ['an operator', '{"$gt":""}'],
    ['what is no UTF-8', '%ff%fe'],
    ['a path', '..%2f..%2fetc%2fpasswd'],
  ])('is not there: %s', async (_what, id) => {
    const page = await world().app.get(`/sms/${id.startsWith('{') ? encodeURIComponent(id) : id}`);
    expect(page.status).toBe(404);
    expect(page.text).toContain('There is no SMS with the _id');
    expect((await world().app.act('/sms/nobody/resend')).status).toBe(404);
    expect((await world().app.act('/sms/nobody/run')).status).toBe(404);
    expect((await world().app.act('/sms/nobody/reveal', { what: 'text' })).status).toBe(404);
    expect(await world().audited()).toEqual([]);
  });
});

describe('a page of an SMS among rows that are odd', () => {
  it('names a waiting row that can not be read', async () => {
    const id = 'plain:DELIVERED';
    await untyped(world().state.retries).insertOne({
      ...{ _id: id, sms: 'plain', deliveryStatus: 'DELIVERED', statusAt: at, log: 5 },
      ...{ accountId: 28, flowId: 200, body: 'x', nextAttemptAt: at, unreadable: 'no gzip' },
    });
    const page = await world().app.get('/sms/plain', 'support');
    expect(page.status).toBe(200);
    expect(page.text).toMatch(/unreadable: no gzip\. Fix the row; "Run now" then reads it again/);
    expect(page.text).toContain('made from the document as it is now');
    expect((await world().app.act('/sms/plain/run')).to).toBe('/sms/plain');
    await untyped(world().state.retries).deleteMany({});
  });

  it('names an end that can not be read', async () => {
    await untyped(world().state.sent).insertOne({ _id: 'plain:DELIVERED', state: 7 });
    const page = await world().app.get('/sms/plain');
    expect(page.status).toBe(200);
    expect(page.text).toMatch(/row in the ledger is unreadable: state must be a text/);
    await untyped(world().state.sent).deleteMany({});
  });
});

describe('a page of an SMS while a server is away', () => {
  it('shows all but what MySQL knows', async () => {
    const app = world().another({ MYSQL_URI: 'mysql://nobody:none@127.0.0.1:1/central' });
    const page = await app.get('/sms/plain', 'support');
    expect(page.status).toBe(200);
    expect(page.text).toContain('It is not known how it went at: Step 1, the account.');
    expect(page.text).toMatch(/There is none to show: MySQL could not be queried/);
    expect(page.text).toMatch(/notified now\? not known MySQL could not be queried/);
    const refused = await app.act('/sms/plain/resend', {}, 'support');
    expect(refused.status).toBe(409);
    expect(refused.text).toMatch(/It can't be sent now\. MySQL could not be queried/);
  });

  it('says that MongoDB does not answer', async () => {
    const app = world().another({
      MONGODB_URI: 'mongodb://127.0.0.1:1/?replicaSet=none&serverSelectionTimeoutMS=200',
    });
    for (const path of ['/sms/plain', '/sms/plain/live', '/find?q=plain']) {
      const page = await app.get(path);
      expect(page.status).toBe(503);
      expect(page.text).toContain('MongoDB does not answer');
    }
  });
});
