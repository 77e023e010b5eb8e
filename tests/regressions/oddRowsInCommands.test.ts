import { beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Document } from 'mongodb';
import { newSms } from '../../scripts/harness/smsPlatform.ts';
import { stateCollections, type StateCollections } from '../../src/mongo/database.ts';
import { cliWith, type CliEnd } from '../support/cli.ts';
import { useEndToEnd } from '../support/endToEnd.ts';
import { undecodable } from '../support/oddBson.ts';
import { damage, made, type Fields } from '../support/oddRows.ts';
import { untyped } from '../support/untyped.ts';

const e2e = useEndToEnd(import.meta.url);
const state = (): StateCollections => stateCollections(e2e().sms.db);
const command = async (...args: readonly string[]): Promise<CliEnd> =>
  await cliWith(e2e().settings, ...args);

/** What a document of BSON may hold in place of a number or a text, and neither `String` nor `Number` can take. */
const noPrimitive = { toString: 5, valueOf: 5 };
const odd = 'odd:DELIVERED';
const good = 'good:DELIVERED';
const at = new Date('2026-01-31T10:00:00Z');
let sms = '';

beforeAll(async () => {
  await e2e().central.optIn(28, 200, { url: e2e().receiver.url('/') });
  const document = newSms({ accountID: 28, flowId: 200, deliveryStatus: 'DELIVERED' });
  await e2e().sms.insertOne(document);
  sms = document._id;
});
beforeEach(async () => {
  const { retries, sent, endpoints, gaps, leases, checkpoints, jobs } = state();
  for (const rows of [retries, sent, endpoints, gaps, leases, checkpoints, jobs]) {
    await (rows as StateCollections['gaps']).deleteMany({});
  }
});

type Rows = readonly Document[];

async function shownBy(...args: readonly string[]): Promise<{ text: string; data: Document }> {
  const text = await command(...args);
  expect(text).toMatchObject({ code: 0, stderr: '' });
  const data = await command(...args, '--json');
  expect(data).toMatchObject({ code: 0, stderr: '' });
  return { text: text.stdout, data: data.json() };
}

/** Of two rows the one as it should be, and the other with its name and what is wrong with it. */
function expectBoth(rows: unknown, id: string, { text, field }: { text: string; field: string }) {
  expect(rows).toHaveLength(2);
  const [unreadable, ...more] = (rows as Rows).filter((row) => 'unreadable' in row);
  expect(more).toEqual([]);
  expect(unreadable?.['unreadable']).toContain(field);
  expect(Object.values(unreadable ?? {})).toContain(id);
  const words = text.replaceAll(/\s+/g, ' ');
  expect(words).toContain(id);
  expect(words).toContain(`unreadable: ${String(unreadable?.['unreadable'])}`);
}

// One row that somebody had written made the whole command fail: "It failed: Cannot read properties of undefined".
describe('a command shows an odd row with the others', () => {
  const retry = (_id: string): Document => ({
    ...{ _id, sms: sms, deliveryStatus: 'DELIVERED', statusAt: at, accountId: 28, flowId: 200 },
    ...{ webhookId: 1, url: 'http://a.example/', log: { begun: 1 }, acceptedAt: at },
    nextAttemptAt: new Date('2026-01-31T11:00:00Z'),
  });
  const oddRetries: readonly (readonly [string, Fields])[] = [
    ['acceptedAt', { acceptedAt: undefined }],
    ['nextAttemptAt', { nextAttemptAt: undefined }],
    ['nextAttemptAt', { nextAttemptAt: 'x' }],
    ['nextAttemptAt', { nextAttemptAt: made.dateBeyondAll }],
    ['log', { log: 5 }],
    ['log', { log: { last: 7, begun: 'z' } }],
    ['log', { log: { last: { kind: 'answered' } } }],
    ['log', { log: undecodable.regex() }],
    ['accountId', { accountId: noPrimitive }],
    ['deliveryStatus', { deliveryStatus: noPrimitive }],
    ['url', { url: 5, webhookId: null }],
    ['webhookId', { webhookId: noPrimitive }],
    ['no gzip', { unreadable: 'no gzip' }],
  ];

  it.each(oddRetries)(
    'retries list, explain: one of which %s is odd: %j',
    async (field, fields) => {
      await state().retries.insertMany([retry(good), retry(odd)] as never);
      await damage(state().retries, { _id: odd }, fields);
      const listed = await shownBy('retries', 'list');
      expectBoth(listed.data['retries'], odd, { text: listed.text, field });
      const explained = await shownBy('explain', sms);
      expectBoth(explained.data['parked'], odd, { text: explained.text, field });
    },
  );

  it.each(oddRetries)('explain: its own, of which %s is odd: %j', async (field, fields) => {
    const id = `${sms}:DELIVERED`;
    await state().retries.insertMany([retry(good), retry(id)] as never);
    await damage(state().retries, { _id: id }, fields);
    const { text, data } = await shownBy('explain', sms);
    expectBoth(data['parked'], id, { text, field });
    expect(data['explanation']).toContain(field);
  });

  it.each<readonly [string, Fields]>([
    ['state', { state: noPrimitive }],
    ['endedAt', { endedAt: undefined }],
    ['endedAt', { endedAt: made.dateBeyondAll }],
    ['expireAt', { expireAt: 'x' }],
    ['record', { record: 5 }],
    ['record', { record: undecodable.regex() }],
  ])('explain: an end of which %s is odd: %j', async (field, fields) => {
    const ended = { state: 'failed', endedAt: at, expireAt: at, record: null };
    const id = `${sms}:DELIVERED`;
    await untyped(state().sent).insertMany([
      { _id: id, ...ended },
      { _id: `${sms}:%`, ...ended },
    ]);
    await damage(state().sent, { _id: id }, fields);
    const { text, data } = await shownBy('explain', sms);
    expectBoth(data['ended'], id, { text, field });
  });

  it.each<readonly [string, Fields]>([
    ['url', { url: 5 }],
    ['webhookId', { webhookId: undefined }],
    ['webhookId', { webhookId: noPrimitive }],
    ['reason', { reason: noPrimitive }],
    ['disabledAt', { disabledAt: 'x' }],
    ['disabledAt', { disabledAt: made.dateBeyondAll }],
    ['url', { url: undecodable.regex() }],
  ])('endpoints list: one of which %s is odd: %j', async (field, fields) => {
    const row = { webhookId: 7, url: 'http://a.example/', reason: 'endpoint_gone', disabledAt: at };
    await untyped(state().endpoints).insertMany([
      { _id: 'good', ...row },
      { _id: 'odd', ...row },
    ]);
    await damage(state().endpoints, { _id: 'odd' }, fields);
    const { text, data } = await shownBy('endpoints', 'list');
    expectBoth(data['endpoints'], 'odd', { text, field });
  });

  it.each<readonly [string, Fields]>([
    ['from', { from: 'x' }],
    ['from', { from: made.dateBeyondAll }],
    ['to', { to: undefined }],
    ['recovered', { recovered: noPrimitive }],
    ['unplaceable', { unplaceable: 'x' }],
    ['from', { from: undecodable.regex() }],
  ])('status: a gap of which %s is odd: %j', async (field, fields) => {
    await state().gaps.insertMany([
      { _id: 'good', from: at, to: at },
      { _id: 'odd', from: at, to: at },
    ] as never[]);
    await damage(state().gaps, { _id: 'odd' }, fields);
    const { text, data } = await shownBy('status');
    expectBoth(data['gaps'], 'odd', { text, field });
  });

  it.each<readonly [string, Fields]>([
    ['epoch', { epoch: noPrimitive }],
    ['until', { until: 'x' }],
    ['until', { until: made.dateBeyondAll }],
    ['owner', { owner: noPrimitive }],
  ])('status, explain: a lease of which %s is odd: %j', async (field, fields) => {
    const row = { owner: 'host:1', epoch: 1, until: at };
    await state().leases.insertMany([
      { _id: '0', ...row },
      { _id: 'odd', ...row },
    ]);
    await damage(state().leases, { _id: 'odd' }, fields);
    const { text, data } = await shownBy('status');
    expectBoth(data['leases'], 'odd', { text, field });
    await shownBy('explain', sms);
  });

  it.each<readonly [string, Fields]>([
    ['wallTime', { wallTime: made.dateBeyondAll }],
    ['savedAt', { savedAt: 'x' }],
    ['owner', { owner: undecodable.regex() }],
  ])('status, explain: a checkpoint of which %s is odd: %j', async (field, fields) => {
    const row = { wallTime: at, savedAt: at, owner: 'host:1' };
    await state().checkpoints.insertMany([
      { _id: '0', ...row },
      { _id: 'odd', ...row },
    ] as never);
    await damage(state().checkpoints, { _id: 'odd' }, fields);
    const { text, data } = await shownBy('status');
    expectBoth(data['checkpoints'], 'odd', { text, field });
    await shownBy('explain', sms);
  });

  it('status: a job whose kind and arguments are no texts', async () => {
    await untyped(state().jobs).insertOne({ _id: 'odd', kind: noPrimitive, updatedAt: at });
    const job = { _id: 'other', updatedAt: at, state: noPrimitive, arguments: { a: noPrimitive } };
    await untyped(state().jobs).insertOne(job);
    const { text, data } = await shownBy('status');
    expect(data['jobs']).toMatchObject([
      { unreadable: expect.any(String) },
      { unreadable: expect.any(String) },
    ]);
    expect(text).toContain('unreadable: ');
  });

  it('each row whose name is no text', async () => {
    const { retries, endpoints, gaps, leases, checkpoints, jobs } = state();
    for (const rows of [retries, endpoints, gaps, leases, checkpoints, jobs]) {
      const named = { _id: { a: noPrimitive } as never, sms, updatedAt: at };
      await (rows as StateCollections['gaps']).insertOne(named as never);
    }
    for (const args of [['retries', 'list'], ['endpoints', 'list'], ['status'], ['explain', sms]]) {
      expect((await shownBy(...args)).text).toContain('unreadable: ');
    }
  });
});
