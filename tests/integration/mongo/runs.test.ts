import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { MongoClient } from 'mongodb';
import type { DeliveryRecord } from '../../../src/domain/record.ts';
import { createMongoClient } from '../../../src/mongo/connect.ts';
import { stateCollections } from '../../../src/mongo/database.ts';
import { ensureStateCollections } from '../../../src/mongo/indexes.ts';
import { aSubject } from '../../support/builders.ts';
import { createOutcomes, type Outcomes } from '../../support/mongoOutcomes.ts';
import { delivered, failed, retrying } from '../../support/mongoRecords.ts';
import { createRetries } from '../../support/mongoRetries.ts';
import { useServers } from '../../support/servers.ts';
import { anEnding } from '../../support/someEndings.ts';
import { claimUpTo, retryFor, storedRetryOf } from '../../support/someRetries.ts';

const servers = useServers(import.meta.url);
let client: MongoClient;
let outcomes: Outcomes;

beforeAll(async () => {
  client = createMongoClient(servers().mongodbUri, 'runs under test');
  await ensureStateCollections(stateCollections(client.db(servers().database)));
});
afterAll(async () => {
  await client.close();
});
beforeEach(async () => {
  const { db } = servers();
  await Promise.all((await db.collections()).map(async (each) => await each.deleteMany({})));
  outcomes = createOutcomes(client, servers().database);
  await outcomes.sms.insertOne({ _id: 'sms-1' as never, deliveryStatus: 'DELIVERED' });
});

const first = anEnding('sms-1', { record: delivered('DELIVERED', { at: 1, response: 'first' }) });
const run = 'run 1';
const id = first.notificationId;

describe('a notification that is notified again', () => {
  it('shows its wait over the end it had before', async () => {
    const { store, shown } = outcomes;
    await store.end(first);
    const record = { ...retrying('DELIVERED', { at: 1 }), lastAttemptAt: later(first.record, 1) };
    await store.end(anEnding('sms-1', { record, remember: false, run }));
    expect(await shown('sms-1')).toMatchObject({ state: 'retrying' });
    expect(await outcomes.row(id)).toMatchObject({ state: 'delivered', run: null });
  });

  it.each([
    ['failed', failed('DELIVERED', { at: 1, attempts: 1 })],
    ['delivered', delivered('DELIVERED', { at: 1, response: 'second' })],
  ])('is remembered and shown as it ended at last: %s', async (_how, record) => {
    const { store, shown } = outcomes;
    await store.end(first);
    await store.end(anEnding('sms-1', { record, run }));
    expect(await shown('sms-1')).toEqual(record);
    expect(await outcomes.row(id)).toMatchObject({ state: record.state, run, record });
  });

  it('ends once within its run: a delivery stays', async () => {
    const { store, shown } = outcomes;
    const second = delivered('DELIVERED', { at: 1, response: 'second' });
    await store.end(first);
    await store.end(anEnding('sms-1', { record: second, run }));
    await store.end(
      anEnding('sms-1', { record: failed('DELIVERED', { at: 1, attempts: 2 }), run }),
    );
    expect(await outcomes.row(id)).toMatchObject({ state: 'delivered', run });
    expect(await shown('sms-1')).toEqual(second);
  });

  it('is not new to a late word of the time before', async () => {
    const { store, shown } = outcomes;
    const second = failed('DELIVERED', { at: 1, attempts: 1 });
    await store.end(first);
    await store.end(anEnding('sms-1', { record: second, run }));
    await store.end(anEnding('sms-1', { record: failed('DELIVERED', { at: 1, attempts: 2 }) }));
    expect(await outcomes.row(id)).toMatchObject({ state: 'failed', run });
    expect(await shown('sms-1')).toEqual(second);
  });
});

describe('a late word of the same run', () => {
  it('that it waits changes nothing once it has ended', async () => {
    const { store, shown } = outcomes;
    const wait = retrying('DELIVERED', { at: 1 });
    const end = {
      ...failed('DELIVERED', { at: 1, attempts: 2 }),
      lastAttemptAt: later(wait, 5_000),
    };
    await store.end(first);
    await store.end(anEnding('sms-1', { record: end, run }));
    await store.end(anEnding('sms-1', { record: wait, remember: false, run }));
    expect(await shown('sms-1')).toEqual(end);
  });

  it('that it waits takes the place of an end before that run', async () => {
    const { store, shown } = outcomes;
    const wait = retrying('DELIVERED', { at: 1 });
    const before = { ...delivered('DELIVERED', { at: 1 }), lastAttemptAt: later(wait, -5_000) };
    await store.end(anEnding('sms-1', { record: before }));
    await store.end(anEnding('sms-1', { record: wait, remember: false, run }));
    expect(await shown('sms-1')).toEqual(wait);
  });
});

function later({ lastAttemptAt = new Date() }: DeliveryRecord, ms: number): Date {
  return new Date(lastAttemptAt.getTime() + ms);
}

describe('its row in durable state', () => {
  it('has ended only by the end of its own run', async () => {
    const { store } = createRetries(client, servers().database);
    const scheduledRetry = retryFor('sms-1', { subject: { ...aSubject(), run } });
    await store.schedule(scheduledRetry, 0);
    const [claimed] = await claimUpTo(store, 1);
    if (claimed === undefined) throw new Error('there is one');
    expect(claimed.retry).toEqual(storedRetryOf(scheduledRetry));
    await outcomes.store.end(first);
    expect(await store.recheck(claimed)).toMatchObject({ ended: null });
    await outcomes.store.end({ ...first, run });
    expect(await store.recheck(claimed)).toMatchObject({ ended: { notificationId: id, run } });
  });
});
