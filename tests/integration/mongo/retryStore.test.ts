import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { BSON, Long, ObjectId, UUID, type Document, type MongoClient } from 'mongodb';
import { createMongoClient } from '../../../src/mongo/connect.ts';
import { stateCollections } from '../../../src/mongo/database.ts';
import { ensureStateCollections } from '../../../src/mongo/indexes.ts';
import type { NewRetry } from '../../../src/ports/retries.ts';
import { aSubject } from '../../support/builders.ts';
import { createRetries, type Retries } from '../../support/mongoRetries.ts';
import { useServers } from '../../support/servers.ts';
import {
  briefLog,
  claimUpTo,
  newClaim,
  otherWebhook,
  retryFor,
  storedRetryOf,
  trickyLog,
} from '../../support/someRetries.ts';

const claimMs = 60_000;
const servers = useServers(import.meta.url);
let client: MongoClient;
let retries: Retries;

beforeAll(async () => {
  client = createMongoClient(servers().mongodbUri, 'retries under test');
  await ensureStateCollections(stateCollections(client.db(servers().database)));
});
afterAll(async () => {
  await client.close();
});
beforeEach(async () => {
  retries = createRetries(client, servers().database, { claimMs });
  await retries.rows.deleteMany({});
});

function idOf({ subject }: NewRetry): string {
  return subject.notificationId;
}

async function scheduleUnderClaim(scheduledRetry: NewRetry): Promise<string> {
  const claim = await newClaim(retries.store, scheduledRetry);
  return claim;
}

async function expectDueIn(id: string, ms: number): Promise<void> {
  const dueInMs = await retries.dueInMs(id);
  expect(dueInMs).toBeLessThanOrEqual(ms);
  expect(dueInMs).toBeGreaterThan(ms - 10_000);
}

describe('its collection', () => {
  it('has indexes for what is due, of an endpoint and in all, what an SMS has, and what waits for a route', async () => {
    const { retries: rows } = stateCollections(client.db(servers().database));
    expect((await rows.indexes()).map((index) => index.key)).toEqual([
      { _id: 1 },
      { endpoint: 1, nextAttemptAt: 1 },
      { nextAttemptAt: 1 },
      { acceptedAt: 1 },
      { sms: 1 },
      { endpoint: 1, accountId: 1, flowId: 1, deliveryStatus: 1, nextAttemptAt: 1 },
    ]);
  });
});

describe('scheduling in our hands', () => {
  it('gives the claim, which holds for a while', async () => {
    const claim = await scheduleUnderClaim(retryFor('sms-1'));
    expect(await retries.row('sms-1:DELIVERED')).toMatchObject({
      claim: { by: 'worker-1', token: claim },
    });
    await expectDueIn('sms-1:DELIVERED', claimMs);
    expect(await claimUpTo(retries.store, 10)).toEqual([]);
  });
});

describe('a row', () => {
  const bodies: readonly [string, Uint8Array][] = [
    ['nothing', Buffer.alloc(0)],
    ['text of many scripts', Buffer.from('{"text":"फोनन में \u0000 $deliveryStatus 😀"}')],
    ['a megabyte that does not compress', randomBytes(1024 * 1024)],
    ['a megabyte that does', Buffer.alloc(1024 * 1024, 'x')],
  ];

  it.each(bodies)('keeps the body byte by byte: %s', async (_, body) => {
    await retries.store.schedule(retryFor('sms-1', { body }), 0);
    const [claimed] = await claimUpTo(retries.store, 1);
    expect(Buffer.compare(claimed?.retry.body ?? Buffer.alloc(1), body)).toBe(0);
  });

  it('is small when its body compresses', async () => {
    await retries.store.schedule(retryFor('sms-1', { body: Buffer.alloc(1024 * 1024, 'x') }), 0);
    const [{ bytes } = { bytes: 0 }] = await retries.rows
      .aggregate<{ bytes: number }>([{ $project: { bytes: { $bsonSize: '$$ROOT' } } }])
      .toArray();
    expect(bytes).toBeLessThan(10_000);
  });

  it.each([
    ['a string', 'sms-1'],
    ['an ObjectId', new ObjectId('0123456789abcdef01234567')],
    ['a UUID', new UUID('290a4138-5729-475f-95e1-9ff30f851d67')],
    ['a number', 7],
    ['a long', Long.fromString('9007199254740993')],
    ['a text that an aggregation would follow', '$sms'],
  ])('keeps all of the notification, its document key too: %s', async (_, _id) => {
    const opaque = { region: { $code: '$in' }, _id };
    const subject = aSubject({ documentKey: { opaque } });
    const accountId = '9007199254740993';
    const scheduledRetry = retryFor('sms-1', { subject, accountId, flowId: 200, log: trickyLog });
    await retries.store.schedule(scheduledRetry, 0);
    const [claimed] = await claimUpTo(retries.store, 1);
    const key = claimed?.retry.subject.documentKey.opaque as Document;
    expect(BSON.serialize(key)).toEqual(BSON.serialize(opaque));
    const asGiven = { ...claimed?.retry.subject, documentKey: { opaque } };
    expect({ ...claimed?.retry, subject: asGiven }).toStrictEqual(storedRetryOf(scheduledRetry));
  });

  it('of a replay says that its document showed its own record, before and after an attempt', async () => {
    const { store } = retries;
    const retry = retryFor('sms-1', { subject: aSubject({ shows: 'own', run: 'a run' }) });
    await store.schedule(retry, 0);
    const [first] = await claimUpTo(store, 1);
    const update = { log: briefLog, webhook: retry.webhook, undecided: null };
    await store.release(idOf(retry), first?.token ?? '', update, 0);
    const [second] = await claimUpTo(store, 1);
    expect([first, second].map((claimed) => claimed?.retry.subject.shows)).toEqual(['own', 'own']);
  });

  it('says that its document showed no record, until there was an attempt to show', async () => {
    const { store } = retries;
    const retry = retryFor('sms-1', { subject: aSubject({ shows: 'none' }) });
    await store.schedule(retry, 0);
    const [first] = await claimUpTo(store, 1);
    expect(first?.retry.subject.shows).toBe('none');
    const update = { log: briefLog, webhook: retry.webhook, undecided: null };
    await store.release(idOf(retry), first?.token ?? '', update, 0);
    const [second] = await claimUpTo(store, 1);
    expect(second?.retry.subject.shows).toBeNull();
  });

  it('has no secret of the endpoint in it', async () => {
    const scheduledRetry = retryFor('sms-1', { webhook: otherWebhook });
    await retries.store.schedule(scheduledRetry, 0);
    const row = await retries.row('sms-1:DELIVERED');
    expect(JSON.stringify(row)).not.toMatch(/password|query-secret|other\.example/);
    expect(row).toMatchObject({ endpoint: otherWebhook.endpointKey, webhookId: 8 });
  });
});

describe('the beginning of an attempt', () => {
  it('is counted in the row, whose log is replaced whole', async () => {
    const scheduledRetry = retryFor('sms-1', { log: trickyLog });
    const claim = await scheduleUnderClaim(scheduledRetry);
    expect(await retries.store.beginAttempt(idOf(scheduledRetry), claim, briefLog)).toBe('begun');
    const row = await retries.row('sms-1:DELIVERED');
    expect(row).toMatchObject({ attempts: 5, claim: { token: claim } });
    expect(row?.['log']).toStrictEqual(briefLog);
    expect(await retries.store.beginAttempt(idOf(scheduledRetry), claim, trickyLog)).toBe('begun');
    expect((await retries.row('sms-1:DELIVERED'))?.['log']).toStrictEqual(trickyLog);
  });
});

describe('what a row can hold', () => {
  const mebibyte = 1024 * 1024;

  it('is any body that is small when compressed, and no other', async () => {
    const { store } = retries;
    expect(await store.canHold(Buffer.from('{}'))).toBe(true);
    expect(await store.canHold(Buffer.alloc(12 * mebibyte, 'a'))).toBe(true);
    expect(await store.canHold(Buffer.alloc(40 * mebibyte, 'a'))).toBe(true);
    expect(await store.canHold(randomBytes(15 * mebibyte))).toBe(false);
  });

  it('is stored, at its largest', async () => {
    const body = randomBytes(12 * mebibyte);
    expect(await retries.store.canHold(body)).toBe(true);
    await retries.store.schedule(retryFor('sms-1', { body, log: trickyLog }), 0);
    const [claimed] = await claimUpTo(retries.store, 1);
    expect(Buffer.compare(claimed?.retry.body ?? Buffer.alloc(0), body)).toBe(0);
  });
});
