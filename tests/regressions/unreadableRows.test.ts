import { Binary, Code, MaxKey, Timestamp } from 'mongodb';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { createRetries, type Retries } from '../support/mongoRetries.ts';
import { retryFor } from '../support/someRetries.ts';
import { undecodable } from '../support/oddBson.ts';
import { useServers } from '../support/servers.ts';
import { aWebhook } from '../support/builders.ts';

const servers = useServers(import.meta.url);

let retries: Retries;

beforeEach(async () => {
  retries = createRetries(servers().mongo, servers().database);
  await retries.rows.deleteMany({});
});

const { endpointKey } = aWebhook();
const never = new Date('9999-12-31T00:00:00Z');
const nobody = { has: () => false };

/** One row as it should be, and one beside it that is due before and has these fields in place of its own. */
async function scheduleBoth(fields: Readonly<Record<string, unknown>>): Promise<void> {
  const acceptedAt = new Date('2020-01-01T00:00:00Z');
  await retries.rows.deleteMany({});
  for (const name of ['odd', 'good'])
    await retries.store.schedule(retryFor(name, { acceptedAt }), 0);
  const removed = Object.entries(fields).filter(([, value]) => value === undefined);
  const changed = Object.entries(fields).filter(([, value]) => value !== undefined);
  await retries.rows.updateOne({ _id: 'odd:DELIVERED' }, [
    { $set: { nextAttemptAt: { $subtract: ['$$NOW', 5_000] } } },
    { $set: Object.fromEntries(changed.map(([name, value]) => [name, { $literal: value }])) },
    ...(removed.length === 0 ? [] : [{ $unset: removed.map(([name]) => name) }]),
  ]);
}

const oddities: readonly (readonly [string, Readonly<Record<string, unknown>>])[] = [
  ['a body that is no gzip', { body: new Binary(Buffer.from('no gzip')) }],
  ['a body that is text', { body: 'text' }],
  ['no body', { body: undefined }],
  ['no documentKey', { documentKey: undefined }],
  ['a documentKey that is a number', { documentKey: 5 }],
  ['an acceptedAt that is text', { acceptedAt: 'yesterday' }],
  ['a statusAt that is no date', { statusAt: null }],
  ['a status that is a number', { deliveryStatus: 5 }],
  ['an accountId that is a document', { accountId: { a: 1 } }],
  ['a flowId that is no number', { flowId: 'x' }],
  ['a log that is a text', { log: 'x' }],
  ['a log whose history is no list', { log: { begun: 1, history: 5 } }],
  ['a log whose last attempt is empty', { log: { begun: 1, last: {} } }],
  ['a webhookId that is a list', { webhookId: [] }],
  ['what is undecided a text', { undecided: 'x' }],
  ['a value that the driver refuses', { log: undecodable.regex() }],
  ['a body that the driver refuses', { body: undecodable.regex() }],
  ['a weight that the driver refuses, and no body', { body: 5, bodyBytes: undecodable.regex() }],
  ['a weight that is no number, and no body', { body: 5, logBytes: { valueOf: 5, toString: 5 } }],
];

// The claim of all that was due at the same time rejected, again and again.
describe('a row of durable state that can not be read', () => {
  it.each(oddities)('keeps nobody from being claimed: %s', async (_what, fields) => {
    await scheduleBoth(fields);
    const { store, row, logger, metrics } = retries;
    expect((await store.claimDue(endpointKey, nobody))?.retry.subject.smsKey).toBe('good');
    expect(await store.claimDue(endpointKey, nobody)).toBeNull();
    expect(await row('odd:DELIVERED')).toMatchObject({
      unreadable: expect.any(String),
      nextAttemptAt: never,
    });
    expect(logger.lines.at(-1)).toMatchObject({
      level: 'error',
      event: 'row_unreadable',
      fields: { id: 'odd:DELIVERED', problem: expect.any(String) },
    });
    expect(metrics.reported).toContainEqual(['rowUnreadable', 'notify_on_delivery_retries']);
  });

  it('keeps none that has expired from being claimed', async () => {
    await scheduleBoth({ body: new Binary(Buffer.from('no gzip')) });
    const { store } = retries;
    const claimed = await store.claimAcceptedBefore(new Date(), 100, nobody);
    expect(claimed.map(({ retry: scheduledRetry }) => scheduledRetry.subject.smsKey)).toEqual([
      'good',
    ]);
    expect(await store.claimAcceptedBefore(new Date(), 100, nobody)).toEqual([]);
  });

  it.each([
    ['text', 'soon'],
    ['null', null],
    ['missing', undefined],
    ['a number', 5],
    // These sort after all dates: it was never due.
    ['a timestamp', new Timestamp({ t: 1, i: 1 })],
    ['a regular expression', /./],
    ['a value that the driver refuses', undecodable.regex()],
    ['a program', new Code('x')],
    ['a program with a scope', new Code('x', { a: 1 })],
    ['the greatest of all', new MaxKey()],
  ])(
    'keeps nobody from being found due when its time is %s, and is served',
    async (_what, time) => {
      await scheduleBoth({ nextAttemptAt: time });
      const { store } = retries;
      expect((await store.dueEndpoints(1_000)).keys).toEqual([endpointKey]);
      const keys = [
        await store.claimDue(endpointKey, nobody),
        await store.claimDue(endpointKey, nobody),
      ];
      expect(new Set(keys.map((each) => each?.retry.subject.smsKey))).toEqual(
        new Set(['good', 'odd']),
      );
    },
  );

  it.each([
    ['a number', 5],
    ['missing', undefined],
    ['a regular expression', /./],
    ['a document', { a: 1 }],
    ['a value that the driver refuses', undecodable.regex()],
  ])('is served as one that leads nowhere yet when its endpoint is %s', async (_what, endpoint) => {
    await scheduleBoth({ endpoint });
    const { store } = retries;
    expect((await store.dueEndpoints(1_000)).keys).toEqual([endpointKey]);
    expect((await store.dueEndpoints(1_000)).keys.toSorted()).toEqual(['', endpointKey].toSorted());
    expect((await store.claimDue('', nobody))?.retry.subject.smsKey).toBe('odd');
  });

  it('leads no look-up of routes astray', async () => {
    await scheduleBoth({ accountId: { a: 1 }, flowId: undefined });
    const keys = await retries.store.routeKeysOf(endpointKey);
    expect(keys).toHaveLength(1);
    await scheduleBoth({ accountId: undecodable.regex() });
    expect(await retries.store.routeKeysOf(endpointKey)).toEqual(keys);
  });

  it('is read again once it has been fixed and made due', async () => {
    await scheduleBoth({ statusAt: 5 });
    const { store, rows, row } = retries;
    await store.claimDue(endpointKey, nobody);
    const fixed = { statusAt: new Date(), nextAttemptAt: new Date(0) };
    await rows.updateOne({ _id: 'odd:DELIVERED' }, { $set: fixed });
    const claimed = await store.claimDue('unreadable', nobody);
    expect(claimed?.retry.subject.smsKey).toBe('odd');
    expect(await row('odd:DELIVERED')).not.toHaveProperty('unreadable');
  });

  it('is none of an earlier version, which lacks what has been added since', async () => {
    await scheduleBoth({ run: undefined, undecided: undefined, log: { begun: 0 } });
    expect((await retries.store.claimDue(endpointKey, nobody))?.retry.log.history).toEqual([]);
  });
});
