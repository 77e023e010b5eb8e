import { beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Document } from 'mongodb';
import { stateCollections, type StateCollections } from '../../../src/mongo/database.ts';
import { ensureListIndexes } from '../../../src/mongo/indexes.ts';
import { createLedger } from '../../../src/mongo/ledger.ts';
import type { ListedNotification } from '../../../src/mongo/listedRows.ts';
import {
  listNotifications,
  NoListIndex,
  type ListQuery,
} from '../../../src/mongo/notificationList.ts';
import { delivered, failed, skipped } from '../../support/mongoRecords.ts';
import { useServers } from '../../support/servers.ts';
import { anEnding } from '../../support/someEndings.ts';
import { untyped } from '../../support/untyped.ts';

const servers = useServers(import.meta.url);
let state: StateCollections;
const all: ListQuery = {
  accountId: null,
  webhookId: null,
  states: null,
  since: null,
  until: null,
  after: null,
};
const at = (minute: number): Date => new Date(Date.UTC(2026, 0, 31, 10, minute));

beforeAll(async () => {
  state = stateCollections(servers().db);
  await ensureListIndexes(state);
});
beforeEach(async () => {
  for (const rows of [state.sent, state.retries]) await rows.deleteMany({});
  await state.endpoints.deleteMany({});
});

type Fields = Readonly<{ account?: number | null; webhook?: number | string; minute?: number }>;
type Kind = 'delivered' | 'failed' | 'skipped';

/** Ends, as the worker writes them. */
async function end(id: string, kind: Kind, fields: Fields = {}): Promise<void> {
  const { account = 28, webhook = 5, minute = 0 } = fields;
  const made = { delivered, failed, skipped }[kind]('DELIVERED', { at: 1 });
  const { webhookId: _none, ...rest } = made;
  const record = {
    ...rest,
    statusAt: at(minute),
    ...(kind === 'skipped' ? {} : { webhookId: webhook }),
  };
  const ledger = createLedger(state.sent, { rememberMs: 3_600_000, clock: Date });
  await ledger.add([anEnding(id, { record, accountId: account })]);
}

/** Waits, in a row as the worker writes it. */
async function wait(id: string, fields: Fields & Document = {}): Promise<void> {
  const { account = 28, webhook = 5, minute = 0, ...more } = fields;
  await untyped(state.retries).insertOne({
    ...{ _id: `${id}:DELIVERED`, sms: id, deliveryStatus: 'DELIVERED', statusAt: at(minute) },
    ...{ accountId: account, flowId: 200, webhookId: webhook, url: 'http://a.example/' },
    ...{ endpoint: 'endpoint-5', log: { begun: 1 }, acceptedAt: at(minute), run: null },
    nextAttemptAt: at(59),
    ...more,
  });
}

async function shown(query: Partial<ListQuery> = {}, size = 50): Promise<readonly string[]> {
  const page = await listNotifications(state, { ...all, ...query }, size);
  return page.notifications.map(brief);
}

function brief({ notificationId, state: is }: ListedNotification): string {
  return `${notificationId.split(':')[0]} ${is}`;
}

describe('a list of notifications', () => {
  it('has ended, waiting and blocked ones in one order, each with why', async () => {
    await end('a', 'delivered', { minute: 1 });
    await wait('b', { minute: 2 });
    await end('c', 'failed', { minute: 3 });
    await wait('d', { minute: 4, endpoint: 'gone' });
    await end('e', 'skipped', { minute: 5 });
    await untyped(state.endpoints).insertOne({
      ...{ _id: 'gone', webhookId: 5, url: 'http://a.example/', reason: 'endpoint_gone' },
      disabledAt: at(0),
    });
    const { notifications, next } = await listNotifications(state, all, 50);
    expect(notifications.map(brief)).toEqual([
      'e skipped',
      'd blocked',
      'c failed',
      'b waiting',
      'a delivered',
    ]);
    expect(notifications).toMatchObject([
      { reason: 'flow_webhook_disabled', accountId: 28, webhookId: null },
      {
        blocked: { kind: 'endpoint_disabled', reason: 'endpoint_gone', since: at(0) },
        attempts: 1,
      },
      { reason: 'attempts_exhausted', webhookId: 5, statusCode: 500 },
      { nextAttemptAt: at(59), blocked: null, accountId: 28 },
      { statusCode: 200, endedAt: expect.any(Date) },
    ]);
    expect(next).toBeNull();
  });

  it.each<[string, Partial<ListQuery>, readonly string[]]>([
    ['an account', { accountId: 29 }, ['y waiting', 'x failed', 'w skipped']],
    ['a webhook', { webhookId: '6' }, ['y waiting', 'x failed']],
    ['a webhook named by text', { webhookId: 'w-7' }, ['v delivered']],
    ['an account and another one’s webhook', { accountId: 28, webhookId: '6' }, []],
    ['a state', { states: new Set(['failed']) }, ['x failed', 'b failed']],
    ['states', { states: new Set(['waiting', 'skipped']) }, ['y waiting', 'w skipped']],
    ['a span', { since: at(2), until: at(4) }, ['w skipped', 'b failed']],
    [
      'all of them',
      { accountId: 29, webhookId: '6', states: new Set(['failed']), since: at(2) },
      ['x failed'],
    ],
  ])('can be of %s', async (_what, query, expected) => {
    await end('a', 'delivered', { minute: 1 });
    await end('b', 'failed', { minute: 2 });
    await end('w', 'skipped', { account: 29, minute: 3 });
    await end('x', 'failed', { account: 29, webhook: 6, minute: 4 });
    await wait('y', { account: 29, webhook: 6, minute: 5 });
    await end('v', 'delivered', { account: 30, webhook: 'w-7', minute: 0 });
    expect(await shown(query)).toEqual(expected);
  });

  it('goes on behind any of them, also among those of one moment', async () => {
    for (const [index, id] of ['a', 'b', 'c', 'd', 'e', 'f', 'g'].entries()) {
      const minute = index < 5 ? 3 : index;
      if (index % 2 === 0) await end(id, 'delivered', { minute });
      else await wait(id, { minute });
    }
    const whole = await shown();
    expect(whole.map((each) => each[0])).toEqual(['g', 'f', 'e', 'd', 'c', 'b', 'a']);
    for (const size of [1, 2, 3, 4, 6]) {
      const pieces: string[] = [];
      let after: ListQuery['after'] = null;
      do {
        const page = await listNotifications(state, { ...all, after }, size);
        expect(page.notifications.length).toBeLessThanOrEqual(size);
        pieces.push(...page.notifications.map(brief));
        after = page.next;
      } while (after !== null);
      expect(pieces).toEqual(whole);
    }
  });

  it('shows one that is notified again as waiting, and one whose row is still there as ended', async () => {
    await end('again', 'failed', { minute: 1 });
    await wait('again', { minute: 1, run: 'run-1' });
    await end('over', 'delivered', { minute: 2 });
    await wait('over', { minute: 2 });
    expect(await shown()).toEqual(['over delivered', 'again waiting']);
  });

  it('has no place for what somebody else has written, and shows it all the same', async () => {
    await end('good', 'delivered');
    await end('no-state', 'delivered');
    await end('no-time', 'delivered');
    await end('no-record', 'delivered');
    await wait('no-time-either');
    const { sent, retries } = state;
    await untyped(sent).updateOne({ _id: 'no-state:DELIVERED' }, { $set: { state: 5 } });
    await untyped(sent).updateOne(
      { _id: 'no-time:DELIVERED' },
      { $set: { statusAt: 'yesterday' } },
    );
    await untyped(sent).updateOne({ _id: 'no-record:DELIVERED' }, { $set: { record: 5 } });
    await retries.updateOne({ _id: 'no-time-either:DELIVERED' }, { $unset: { statusAt: 1 } });
    const page = await listNotifications(state, all, 50);
    expect(page.notifications.map(({ unreadable }) => unreadable)).toEqual([
      'record must be a document or null',
      undefined,
    ]);
    const odd = page.odd.map(({ notificationId, unreadable }) => [notificationId, unreadable]);
    expect(odd).toEqual([
      ['no-time-either:DELIVERED', 'statusAt must be a date'],
      ['no-state:DELIVERED', 'state must be a text'],
      ['no-time:DELIVERED', 'statusAt must be a date'],
    ]);
  });

  it('shows what an earlier version has written, by its webhook too, and says that it is there', async () => {
    await end('new', 'delivered', { minute: 2 });
    await end('old', 'failed', { minute: 1 });
    await end('other', 'failed', { webhook: 9, minute: 0 });
    const earlier = { _id: { $in: ['old:DELIVERED', 'other:DELIVERED'] } };
    await state.sent.updateMany(earlier, { $unset: { accountId: 1 } });
    expect(await shown()).toEqual(['new delivered', 'old failed', 'other failed']);
    expect(await shown({ webhookId: '9' })).toEqual(['other failed']);
    // The account's own, as far as its webhooks are known.
    expect(await shown({ accountId: 28 })).toEqual(['new delivered', 'old failed']);
    const page = await listNotifications(state, { ...all, accountId: 28 }, 50);
    expect(page.hasUnattributed).toBe(true);
    await state.sent.deleteMany(earlier);
    // A document that names no account: nothing of an earlier version.
    await end('unusable', 'skipped', { account: null });
    expect((await listNotifications(state, { ...all, accountId: 28 }, 50)).hasUnattributed).toBe(
      false,
    );
  });

  it('is refused without its index: it never reads all', async () => {
    await end('a', 'delivered');
    await state.sent.dropIndexes();
    await expect(listNotifications(state, all, 50)).rejects.toBeInstanceOf(NoListIndex);
    await ensureListIndexes(state);
    expect(await shown()).toEqual(['a delivered']);
  });
});

/** How the server answers, as its profiler saw it. */
async function profiled(work: () => Promise<unknown>): Promise<readonly Document[]> {
  const { db } = servers();
  await db.command({ profile: 2 });
  try {
    await work();
  } finally {
    await db.command({ profile: 0 });
  }
  const ns = [state.sent.namespace, state.retries.namespace];
  const seen = await db
    .collection('system.profile')
    .find({ ns: { $in: ns }, op: { $in: ['query', 'command'] } })
    .toArray();
  await db.collection('system.profile').drop();
  return seen;
}

describe('the queries of a list', () => {
  it.each<[string, Partial<ListQuery>]>([
    ['all', {}],
    ['a state', { states: new Set(['failed']) }],
    ['an account', { accountId: 28 }],
    [
      'an account with a state since a time',
      { accountId: 28, states: new Set(['failed']), since: at(0) },
    ],
    ['a webhook', { webhookId: '6' }],
    ['an account that has nothing', { accountId: 1 }],
  ])(
    'read what they bring, of however much there is, and sort nothing: %s',
    async (_what, query) => {
      const rows = Array.from({ length: 6_000 }, (_, index) => ({
        ...{ _id: `sms-${index}:DELIVERED`, sms: `sms-${index}`, state: 'delivered', run: null },
        ...{ statusAt: new Date(at(0).getTime() + index), endedAt: at(1), expireAt: at(2) },
        ...{ accountId: 28 + (index % 20), record: { webhookId: 5 + (index % 20) } },
      }));
      for (const row of rows.slice(0, 20)) Object.assign(row, { state: 'failed' });
      await untyped(state.sent).insertMany(rows);
      const seen = await profiled(
        async () => await listNotifications(state, { ...all, ...query }, 10),
      );
      expect(seen.length).toBeGreaterThan(0);
      for (const { planSummary, docsExamined, keysExamined, hasSortStage, command } of seen) {
        const what = JSON.stringify([planSummary, command]);
        expect(what).not.toContain('COLLSCAN');
        // Only ties of one moment are put in order.
        const isOfMoment = (command as Document)['filter']?.statusAt instanceof Date;
        expect([what, isOfMoment || hasSortStage !== true]).toEqual([what, true]);
        expect([what, Number(docsExamined ?? 0) <= 40]).toEqual([what, true]);
        expect([what, Number(keysExamined ?? 0) <= 200]).toEqual([what, true]);
      }
    },
  );
});
