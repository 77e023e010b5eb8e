import { beforeAll, describe, expect, it } from '@jest/globals';
import { Long, ObjectId, UUID, type Document } from 'mongodb';
import { newSms } from '../../../scripts/harness/smsPlatform.ts';
import { untyped } from '../../support/untyped.ts';
import { useConsole } from '../../support/useConsole.ts';

const world = useConsole(import.meta.url);
const sms = () => untyped(world().servers.db.collection('SMSDetailDocument'));
const uuid = 'bd706f90-aa14-47ea-9844-3d1e1123f4ee';
/** A day in Kolkata. */
const DAY = '2026-01-30';
const sent = new Date('2026-01-30T10:00:00Z');
const to = '919876543210';

async function insert(fields: Document): Promise<void> {
  await sms().insertOne(newSms({ to: '911111111111', sendTime: sent, ...fields }));
}

const find = async (q: string, on = '') =>
  await world().app.get(`/find?${new URLSearchParams({ q, on }).toString()}`, 'viewer');

beforeAll(async () => {
  await insert({ _id: 'first' });
  await insert({ _id: 'a b:c/d' });
  await insert({ _id: 4711 });
});

describe('the field to find an SMS', () => {
  it('is there before anything is asked, with the day of today', async () => {
    const page = await world().app.get('/find', 'viewer');
    const today = world().app.context.zone.format(new Date()).slice(0, 10);
    expect(page.status).toBe(200);
    expect(page.html).toContain(`value="${today}"`);
    expect(page.text).not.toContain('Nothing found');
  });

  it.each([
    ['an SMS id', 'first', '/sms/first'],
    ['an SMS id with spaces around it', ' first ', '/sms/first'],
    ['the id of a notification', 'first:DELIVERED', '/sms/first'],
    ['the id of a notification, encoded', 'a%20b%3Ac%2Fd:SENT', '/sms/a%20b%3Ac%2Fd'],
    ['an SMS id with a colon', 'a b:c/d', '/sms/a%20b%3Ac%2Fd'],
    ['a number as an SMS id', '4711', '/sms/4711'],
    ['an SMS id in Extended JSON', '{"$numberInt":"4711"}', '/sms/4711'],
  ])('leads to the only one: %s', async (_what, q, path) => {
    expect(await find(q)).toMatchObject({ status: 303, to: path });
    expect((await world().app.get(path, 'viewer')).status).toBe(200);
  });

  it.each([
    ['phononUuid', uuid, ''],
    ['to', `+${to}`, DAY],
  ])('says which index to create where there is none: on %s', async (field, q, on) => {
    const { text } = await find(q, on);
    expect(text).toContain('Nothing found');
    expect(text).toContain(`.createIndex({"${field}":1})`);
  });

  it('says that a day can not be read', async () => {
    const page = await find(to, '30.01.2026');
    expect(page.status).toBe(400);
    expect(page.text).toContain('The day "30.01.2026" can\'t be read: write it as 2026-01-31.');
  });

  it('shows what was asked as text', async () => {
    const { html } = await find('"><script>alert(1)</script>');
    expect(html).not.toContain('<script>alert');
    expect(html).toContain('&lt;script&gt;alert(1)');
  });
});

describe('the field to find an SMS, with indexes', () => {
  beforeAll(async () => {
    await sms().createIndex({ phononUuid: 1 });
    await sms().createIndex({ to: 1 });
  });

  it.each<[string, unknown]>([
    ['a text', 'x/y'],
    ['an ObjectId', new ObjectId()],
    ['a UUID', new UUID()],
    ['a Long', Long.fromString('9007199254740993')],
    ['a text that is no part of a path', '..'],
    ['an empty text', ''],
  ])('leads to the only one of a phonon-uuid, whose _id is %s', async (_what, _id) => {
    const phononUuid = new UUID().toHexString();
    await insert({ _id, phononUuid });
    const { status, to: path } = await find(phononUuid.toUpperCase());
    expect(status).toBe(303);
    const page = await world().app.get(path ?? '', 'viewer');
    expect(page.text).toContain(phononUuid);
  });

  it('lists several of a number and a day, the numbers masked for all', async () => {
    await insert({ _id: 'one', to });
    const record = { state: 'failed', reason: 'expired' };
    await insert({ _id: 'two', to, deliveryStatus: 'DELIVERED', notify_on_delivery: record });
    await insert({ _id: 'of another day', to, sendTime: new Date('2026-01-31T10:00:00Z') });
    for (const role of ['viewer', 'editor'] as const) {
      const query = new URLSearchParams({ q: '98765 43210', on: DAY }).toString();
      const { status, text, html } = await world().app.get(`/find?${query}`, role);
      expect(status).toBe(200);
      expect(text).toMatch(/2 found/);
      expect(html).toContain('href="/sms/one"');
      expect(text).toMatch(
        /two .*2026-01-30T15:30:00\.000\+05:30 .*91•••••••210 .*DELIVERED .*failed/,
      );
      expect(text).not.toContain('of another day');
      expect(text).not.toContain(to);
    }
  });

  it('says what it searched for, where there is nothing', async () => {
    const { text } = await find('9876500000', DAY);
    expect(text).toContain('Nothing found');
    expect(text).toMatch(/No SMS in .*SMSDetailDocument has this _id\./);
    expect(text).toMatch(/There is none to .*\+919876500000.* on 2026-01-30 \(Asia\/Kolkata\)\./);
    expect(text).toMatch(/There is none with the phonon-uuid "9876500000"\./);
  });
});
