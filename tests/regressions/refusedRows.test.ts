import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Binary, type Document } from 'mongodb';
import { createRetries, type Retries } from '../support/mongoRetries.ts';
import {
  briefLog,
  claimUpTo,
  idsOfClaimed,
  nothingElse,
  otherWebhook,
  retryFor,
  newClaim,
} from '../support/someRetries.ts';
import { useServers } from '../support/servers.ts';
import { until } from '../support/until.ts';
import { aWebhook } from '../support/builders.ts';
import { untyped } from '../support/untyped.ts';

const servers = useServers(import.meta.url);
const COLLECTION = 'notify_on_delivery_retries';
const POISON = 'sms-3';
const names = Array.from({ length: 7 }, (_, index) => `sms-${index}`);
const idOf = (name: string): string => `${name}:DELIVERED`;
const healthy = names.filter((name) => name !== POISON).map(idOf);
const poison = idOf(POISON);
const { endpointKey } = aWebhook();
let retries: Retries;

beforeEach(async () => {
  const { mongo, database, db } = servers();
  await db.dropDatabase();
  await db.createCollection(COLLECTION);
  retries = createRetries(mongo, database);
});

afterEach(() => retries.abandon());

/** From now on the server refuses to write rows that are so. */
async function refuse(rows: Document): Promise<void> {
  await servers().db.command({ collMod: COLLECTION, validator: { $nor: [rows] } });
}

async function scheduleAll(waitMs: number, fields = {}): Promise<void> {
  for (const name of names) await retries.store.schedule(retryFor(name, fields), waitMs);
}

async function expectReported(): Promise<void> {
  const notified = () => retries.logger.of('record_failed').map(({ fields }) => fields);
  await until('it is notified', () => notified().length > 0);
  expect(notified()).toMatchObject([{ notificationId: poison, code: '121', what: 'retry' }]);
  expect(retries.metrics.reported).toContainEqual(['recordFailed', '121']);
}

const isDueInMs = async (id: string): Promise<number> => await retries.dueInMs(id);

// The server stops at the first row that it refuses, and what was asked for the others came to nothing each time.
describe('a row that the server refuses to write', () => {
  it('keeps none that is due with it from being claimed', async () => {
    await scheduleAll(0);
    await refuse({ sms: POISON, claim: { $exists: true } });
    const claimed = await claimUpTo(retries.store, names.length);
    expect(idsOfClaimed(claimed).toSorted()).toEqual(healthy);
    expect(await retries.store.claimDue(endpointKey, nothingElse)).toBeNull();
    await expectReported();
  });

  it('keeps none that has expired from being claimed', async () => {
    await scheduleAll(0, { acceptedAt: new Date('2020-01-01T00:00:00Z') });
    await refuse({ sms: POISON, claim: { $exists: true } });
    const claimed = await retries.store.claimAcceptedBefore(new Date(), 100, nothingElse);
    expect(idsOfClaimed(claimed).toSorted()).toEqual(healthy);
  });

  it('is claimed once it can be', async () => {
    await scheduleAll(0);
    await refuse({ sms: POISON, claim: { $exists: true } });
    await claimUpTo(retries.store, names.length);
    await refuse({ sms: 'nobody' });
    const { store } = retries;
    await until('it is claimed', async () => await store.claimDue(endpointKey, nothingElse));
    expect(retries.logger.of('record_failed')).toEqual([]);
  });

  it('keeps the claims of no others from being renewed', async () => {
    await scheduleAll(0);
    const claimed = await claimUpTo(retries.store, names.length);
    const held = new Map(claimed.map((each) => [each.retry.subject.notificationId, each.token]));
    const soon = { $add: ['$$NOW', 1_000] };
    await retries.rows.updateMany({}, [{ $set: { nextAttemptAt: soon } }]);
    await refuse({ sms: POISON });
    await expect(retries.store.renew(held)).rejects.toThrow(poison);
    for (const id of healthy) expect(await isDueInMs(id)).toBeGreaterThan(30_000);
  });

  it.each<[string, (id: string, token: string) => Promise<unknown>]>([
    ['let go of', (id, token) => retries.store.release(id, token, null, 3_600_000)],
    ['counted', (id, token) => retries.store.beginAttempt(id, token, briefLog)],
  ])('keeps no others from being %s', async (_what, write) => {
    await scheduleAll(0);
    const claimed = await claimUpTo(retries.store, names.length);
    await refuse({ sms: POISON });
    const results = await Promise.all(
      claimed.map(({ retry, token }) => write(retry.subject.notificationId, token)),
    );
    const refused = idsOfClaimed(claimed.filter((_, index) => results[index] === 'refused'));
    expect(refused).toEqual([poison]);
    expect(results).not.toContain('lost');
    await expectReported();
  });

  it('keeps no others from following a changed route', async () => {
    await scheduleAll(0);
    await refuse({ sms: POISON });
    const [key] = await retries.store.routeKeysOf(endpointKey);
    if (key === undefined) throw new Error('there is one');
    await retries.store.move(endpointKey, key, otherWebhook);
    const moved = await retries.rows.find({ endpoint: otherWebhook.endpointKey }).toArray();
    expect(moved.map(({ _id }) => _id).toSorted()).toEqual(healthy);
  });

  it('keeps no others from going on once their route is known', async () => {
    await scheduleAll(3_600_000, { webhook: null, undecided: { isStale: false, lookUps: 9 } });
    await refuse({ sms: POISON });
    const [key] = await retries.store.awaitedRoutes();
    if (key === undefined) throw new Error('there is one');
    await retries.store.endWaitForRoute(key, otherWebhook);
    const claimed = await claimUpTo(retries.store, names.length, otherWebhook);
    expect(idsOfClaimed(claimed).toSorted()).toEqual(healthy);
  });

  it('keeps nobody from being found due when its endpoint is odd or its time never comes', async () => {
    await scheduleAll(0);
    await untyped(retries.rows).updateOne({ _id: poison }, { $set: { endpoint: 5 } });
    await refuse({ sms: POISON });
    expect((await retries.store.dueEndpoints(1_000)).keys).toEqual([endpointKey]);
  });

  it('keeps nobody from being claimed when it can’t be read and not be put aside', async () => {
    await scheduleAll(0);
    await retries.rows.updateOne({ _id: poison }, { $set: { body: new Binary(Buffer.from('x')) } });
    await refuse({ endpoint: 'unreadable' });
    const claimed = await claimUpTo(retries.store, names.length);
    expect(idsOfClaimed(claimed).toSorted()).toEqual(healthy);
  });
});

// It was asked for again for ever, and held its slot, its SMS and its claim for as long.
describe('a call about one row that is refused for good', () => {
  it.each<[string, (claim: string) => Promise<unknown>]>([
    ['beginAttempt', (claim) => retries.store.beginAttempt(poison, claim, briefLog)],
    ['release', (claim) => retries.store.release(poison, claim, null, 0)],
  ])('comes to an end: %s', async (_name, call) => {
    const claim = await newClaim(retries.store, retryFor(POISON));
    await refuse({ sms: POISON });
    expect(await call(claim)).toBe('refused');
    await expectReported();
  });

  it('is waited for while all are refused', async () => {
    const claim = await newClaim(retries.store, retryFor(POISON));
    await servers().db.command({ collMod: COLLECTION, validator: { nothing: 'is so' } });
    const releasing = retries.store.release(poison, claim, null, 0);
    const notified = () => retries.logger.of('database_retry').length;
    await until('it was tried ten times', () => notified() >= 10, { timeoutMs: 60_000 });
    await refuse({ sms: 'nobody' });
    expect(await releasing).toBeInstanceOf(Date);
  });
});
