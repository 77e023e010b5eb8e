import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { ensureListIndexes, ensureStateCollections } from '../../../src/mongo/indexes.ts';
import { startReceiver, type Receiver } from '../../support/receiver.ts';
import { minuteAt, seedEnd, seedWaiting } from '../../support/seedNotifications.ts';
import { untyped } from '../../support/untyped.ts';
import { useConsole } from '../../support/useConsole.ts';

const world = useConsole(import.meta.url);
let receiver: Receiver;

beforeAll(async () => {
  receiver = await startReceiver();
});
afterAll(async () => {
  await receiver.close();
});
beforeEach(async () => {
  const { state } = world();
  for (const rows of [state.sent, state.retries]) await rows.deleteMany({});
  await state.endpoints.deleteMany({});
});

/** The SMS of a page, in its order. */
const smsIn = (html: string): readonly string[] =>
  [...html.matchAll(/href="\/sms\/([^"]*)"/g)].map(([, id = '']) => id);
const listed = async (query = ''): Promise<readonly string[]> =>
  smsIn((await world().app.get(`/accounts/28${query}`, 'viewer')).html);

describe('the recent notifications of an account', () => {
  beforeEach(async () => {
    const { state } = world();
    await seedEnd(state, 'a', { kind: 'delivered', minute: 1 });
    await seedEnd(state, 'b', { kind: 'failed', minute: 2, webhook: 6, status: 'FAILED' });
    await seedEnd(state, 'c', { kind: 'skipped', minute: 3 });
    await seedEnd(state, 'other', { kind: 'failed', minute: 3, account: 29, webhook: 9 });
    await seedWaiting(state, 'd', { minute: 4 });
    await seedWaiting(state, 'e', { minute: 5, endpoint: 'gone', webhook: 6 });
    await untyped(state.endpoints).insertOne({
      ...{ _id: 'gone', accountId: 28, webhookId: 6, url: 'http://a.example/' },
      ...{ reason: 'endpoint_gone', disabledAt: minuteAt(0) },
    });
  });

  it('are those of this account, the newest first, each with why and a link', async () => {
    const { html, text } = await world().app.get('/accounts/28', 'viewer');
    expect(smsIn(html)).toEqual(['e', 'd', 'c', 'b', 'a']);
    expect(text).toMatch(/FAILED failed attempts_exhausted, .*answered 500 6 b/);
    expect(text).toContain('waiting due 2026-01-31T16:29:00.000+05:30');
    expect(text).toContain('Not called: webhook 6 of account 28, http://a.example/: disabled');
  });

  it.each([
    ['?state=failed', ['b']],
    ['?state=blocked', ['e']],
    ['?webhook=6', ['e', 'b']],
    ['?status=FAILED', ['b']],
    ['?status=FAILED&state=delivered', []],
    // 10:02 and 10:04 in UTC, as a browser's field has them in PAYLOAD_TIMEZONE.
    ['?since=2026-01-31T15:32&until=2026-01-31T15:34', ['c', 'b']],
    ['?since=2026-01-31T10:04:00Z', ['e', 'd']],
  ])('can be narrowed: %s', async (query, expected) => {
    expect(await listed(query)).toEqual(expected);
  });

  it.each([
    ['?state=lost', 'State must be one of delivered, failed'],
    ['?since=soon', 'Since is not an ISO 8601 time'],
    ['?until=31.01.2026', 'Until is not an ISO 8601 time'],
    ['?since=2026-01-31&until=2026-01-30', 'Since must be before Until'],
    ['?after=%7B%22%24gt%22%3A%22%22%7D', 'The place to go on from'],
  ])('name what can not be understood: %s', async (query, says) => {
    const page = await world().app.get(`/accounts/28${query}`);
    expect(page.status).toBe(409);
    expect(page.text).toContain(says);
  });

  it('take what is typed for text, not for a question', async () => {
    expect(await listed('?webhook=%7B%22%24gt%22%3A%22%22%7D&status=%24ne')).toEqual([]);
  });
});

describe('many notifications', () => {
  beforeEach(async () => {
    const { state } = world();
    for (let number = 10; number < 70; number += 1) {
      const status = number % 10 === 0 ? 'FAILED' : 'SENT';
      await seedEnd(state, `n${number}`, { kind: 'delivered', minute: number % 50, status });
    }
  });

  it('are shown page by page, none left out and none twice', async () => {
    const first = await world().app.get('/accounts/28?state=delivered');
    const [, older = ''] = /href="([^"]*)">Older/.exec(first.html) ?? [];
    const second = await world().app.get(older.replaceAll('&amp;', '&'));
    const shown = [...smsIn(first.html), ...smsIn(second.html)];
    expect(smsIn(first.html)).toHaveLength(50);
    expect(shown).toHaveLength(60);
    expect(new Set(shown).size).toBe(60);
    expect(second.html).toMatch(/href="[^"]*state=delivered[^"]*">Newest/);
    expect(second.html).not.toContain('>Older<');
  });

  it('are looked through for a delivery status', async () => {
    expect(new Set(await listed('?status=FAILED'))).toEqual(
      new Set(['n10', 'n20', 'n30', 'n40', 'n50', 'n60']),
    );
  });

  it('lead to the accounts that had them', async () => {
    await seedEnd(world().state, 'z', { kind: 'failed', minute: 55, account: 29, webhook: 9 });
    const { text, html } = await world().app.get('/accounts', 'viewer');
    expect([...html.matchAll(/href="\/accounts\/(\d+)"/g)].map(([, id]) => id)).toEqual([
      ...['29', '28'],
    ]);
    expect(text).toContain('60 delivered');
    const opened = await world().app.get('/accounts?id=28', 'viewer');
    expect(opened).toMatchObject({ status: 303, to: '/accounts/28' });
  });
});

it('while an index is missing, the page says who makes it, and shows the rest', async () => {
  const { state, app } = world();
  await state.sent.dropIndexes();
  try {
    const page = await app.get('/accounts/28');
    expect(page.status).toBe(200);
    expect(page.text).toContain('The indexes for "list" are missing');
    expect(page.text).toContain('Step 1');
  } finally {
    await ensureStateCollections(state);
    await ensureListIndexes(state);
  }
});

describe('a test call', () => {
  it('shows what the receiver answers, as text, and is in the audit', async () => {
    const { central, app } = world();
    receiver.answer('/hook', { status: 500, body: '<b onclick="x()">no</b>' });
    await central.optIn(28, 200, { url: receiver.url('/hook?token=s3cret') });
    const page = await app.act('/accounts/28/test', { deliveryStatus: 'SENT' }, 'support');
    expect(page.status).toBe(200);
    expect(page.text).toContain('not delivered');
    expect(page.text).toContain('Status code 500');
    expect(page.text).toContain('<b onclick="x()">no</b>');
    expect(page.html).not.toMatch(/<b onclick|s3cret/);
    expect(receiver.requests('/hook').at(-1)?.json()).toMatchObject({
      smsDetails: [{ deliveryStatus: 'SENT' }],
    });
    expect(await world().audited()).toEqual([
      { user: 'asha', what: 'make a test call', on: 'account 28' },
    ]);
  });

  it('is not made by viewers, nor without a webhook', async () => {
    const fields = { deliveryStatus: 'SENT' };
    const before = receiver.requests().length;
    expect((await world().app.act('/accounts/28/test', fields, 'viewer')).status).toBe(403);
    const none = await world().app.act('/accounts/77/test', fields);
    expect(none.text).toContain('The route query returns no row for account 77');
    expect(receiver.requests()).toHaveLength(before);
  });
});

describe('retries of an account', () => {
  it('are made due, those of other accounts left alone', async () => {
    const { state, app } = world();
    const nextAttemptAt = new Date(Date.now() + 3_600_000);
    await seedWaiting(state, 'mine', { nextAttemptAt });
    await seedWaiting(state, 'other', { account: 29, nextAttemptAt });
    const page = await app.act('/accounts/28/retries', {}, 'support');
    expect(page.to).toBe('/accounts/28#acts');
    expect(page.text).toContain('1 notification made due. No worker is active');
    const [mine, other] = await state.retries.find({}, { sort: { _id: 1 } }).toArray();
    expect(Number(mine?.nextAttemptAt)).toBeLessThan(Number(nextAttemptAt));
    expect(other?.nextAttemptAt).toEqual(nextAttemptAt);
    expect(await world().audited()).toEqual([
      { user: 'asha', what: 'run waiting retries', on: 'account 28' },
    ]);
  });
});
