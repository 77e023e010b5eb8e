import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { Document, MongoClient } from 'mongodb';
import { createMongoClient } from '../../../src/mongo/connect.ts';
import { ensureStateCollections, stateCollections } from '../../../src/mongo/stateCollections.ts';
import { NO_ENDPOINT, type ClaimedNotification } from '../../../src/pipeline/retryPort.ts';
import { aWebhook } from '../../support/builders.ts';
import { anEnding } from '../../support/mongoOutcomes.ts';
import { delivered, skipped } from '../../support/mongoRecords.ts';
import {
  briefLog,
  createRetries,
  idsOfClaimed,
  parkable,
  otherWebhook,
  parkedOf,
  type Retries,
  claimUpTo,
  nothingElse,
} from '../../support/mongoRetries.ts';
import { mongoClientFor, useServers } from '../../support/servers.ts';
import { until } from '../../support/until.ts';

const servers = useServers(import.meta.url);
let client: MongoClient;
let retries: Retries;

beforeAll(async () => {
  client = createMongoClient(servers().mongodbUri, 'claims under test');
  await ensureStateCollections(stateCollections(client.db(servers().database)));
});
afterAll(async () => {
  await client.close();
});
beforeEach(async () => {
  const { retries: rows, sent } = stateCollections(client.db(servers().database));
  await Promise.all([rows.deleteMany({}), sent.deleteMany({})]);
  retries = newWorker('worker-1');
});

function newWorker(workerId: string, claimMs = 60_000): Retries {
  return createRetries(client, servers().database, { workerId, claimMs });
}

/** Rows `sms-0`, `sms-1`, …, due in this order a second apart, the last a minute ago. */
async function addDueRows(count: number): Promise<readonly string[]> {
  const ids = Array.from({ length: count }, (_, index) => `sms-${index}:DELIVERED`);
  const shuffled = ids.map((id, index) => ids[(index * 7) % count] ?? id);
  await Promise.all(shuffled.map(async (id) => await retries.store.park(parkableOf(id), 0)));
  const overdueMs = (index: number): number => 60_000 + (count - index) * 1_000;
  const updates = ids.map((_id, index) => {
    const nextAttemptAt = { $subtract: ['$$NOW', overdueMs(index)] };
    return { updateOne: { filter: { _id }, update: [{ $set: { nextAttemptAt } }] } };
  });
  await retries.rows.bulkWrite(updates);
  return ids;
}

function parkableOf(id: string) {
  return parkable(id.split(':')[0] ?? '');
}

describe('claiming what is due', () => {
  it('takes the oldest first, and no more than asked for', async () => {
    const ids = await addDueRows(20);
    expect(idsOfClaimed(await claimUpTo(retries.store, 5))).toEqual(ids.slice(0, 5));
    expect(idsOfClaimed(await claimUpTo(retries.store, 10))).toEqual(ids.slice(5, 15));
    expect(idsOfClaimed(await claimUpTo(retries.store, 10))).toEqual(ids.slice(15));
    expect(await claimUpTo(retries.store, 10)).toEqual([]);
  });

  it('takes only what leads to the endpoint it is asked for', async () => {
    const elsewhere = { ...parkable('elsewhere'), webhook: otherWebhook };
    const undecided = { isStale: false, lookUps: 0 };
    const nowhere = { ...parkable('nowhere'), webhook: null, undecided };
    await retries.store.park(parkable('later'), 3_600_000);
    await retries.store.park(parkable('here'), 0);
    await retries.store.park(elsewhere, 0);
    await retries.store.park(nowhere, 0);
    const due = [NO_ENDPOINT, otherWebhook.endpointKey, aWebhook().endpointKey];
    expect((await retries.store.dueEndpoints(0)).keys.toSorted()).toEqual(due.toSorted());
    const [first, none, second, third] = await Promise.all(
      [due[1], due[1], due[0], due[2]].map(
        async (endpointKey = '') => await retries.store.claimDue(endpointKey, nothingElse),
      ),
    );
    expect(first?.parked).toStrictEqual(parkedOf(elsewhere));
    expect(none).toBeNull();
    expect(second?.parked).toStrictEqual(parkedOf(nowhere));
    expect(third?.parked.subject.smsKey).toBe('here');
    expect(await retries.store.dueEndpoints(0)).toEqual({ keys: [], nextInMs: null });
  });

  it('finds the endpoints with something due by one index entry each, however many rows they have', async () => {
    await addDueRows(200);
    await retries.store.park({ ...parkable('elsewhere'), webhook: otherWebhook }, 0);
    const commands: Document[] = [];
    const watched = await mongoClientFor(servers().mongodbUri, { monitorCommands: true });
    watched.on('commandStarted', ({ command }) => void commands.push(command));
    await createRetries(watched, servers().database).store.dueEndpoints(2_000);
    const { aggregate, pipeline } = commands.find((command) => 'aggregate' in command) ?? {};
    const command = { explain: { aggregate, pipeline, cursor: {} }, verbosity: 'executionStats' };
    const explained = JSON.stringify(await retries.rows.db.command(command));
    expect(explained).toContain('DISTINCT_SCAN');
    expect(explained).toMatch(/"totalKeysExamined":2,/);
  });

  it('says when the next row will be due, if soon, at an endpoint where none is', async () => {
    await retries.store.park(parkable('now'), 0);
    await retries.store.park(parkable('soon, but not the first here'), 1_000);
    const none = { keys: [aWebhook().endpointKey], nextInMs: null };
    expect(await retries.store.dueEndpoints(60_000)).toEqual(none);
    await retries.store.park({ ...parkable('soon'), webhook: otherWebhook }, 30_000);
    expect(await retries.store.dueEndpoints(20_000)).toEqual(none);
    const { keys, nextInMs } = await retries.store.dueEndpoints(60_000);
    expect(keys).toEqual(none.keys);
    expect(nextInMs).toBeGreaterThan(0);
    expect(nextInMs).toBeLessThanOrEqual(30_000);
  });

  it('leaves what is due later', async () => {
    await retries.store.park(parkable('later'), 3_600_000);
    await retries.store.park(parkable('now'), 0);
    expect(idsOfClaimed(await claimUpTo(retries.store, 10))).toEqual(['now:DELIVERED']);
  });

  it('names the worker, and holds for a while', async () => {
    await addDueRows(1);
    const [claimed] = await claimUpTo(newWorker('worker-2').store, 1);
    expect(claimed?.parked).toStrictEqual(
      parkedOf({ ...parkable('sms-0'), ...acceptedOf(claimed) }),
    );
    expect(await retries.row('sms-0:DELIVERED')).toMatchObject({
      claim: { by: 'worker-2', token: claimed?.claim },
    });
    const dueInMs = await retries.dueInMs('sms-0:DELIVERED');
    expect(dueInMs).toBeGreaterThan(50_000);
    expect(dueInMs).toBeLessThanOrEqual(60_000);
  });

  it('never gives one row to two of twenty workers that ask at once', async () => {
    const ids = await addDueRows(200);
    const workers = Array.from({ length: 20 }, (_, index) => newWorker(`worker-${index}`));
    const claims: ClaimedNotification[] = [];
    await until('all rows are claimed', async () => {
      const taken = await Promise.all(
        workers.map(async ({ store }, index) => await claimUpTo(store, 10 + index)),
      );
      claims.push(...taken.flat());
      return claims.length >= ids.length;
    });
    expect(idsOfClaimed(claims).toSorted()).toEqual(ids.toSorted());
    for (const { parked, claim } of claims) {
      expect(await retries.row(parked.subject.notificationId)).toMatchObject({
        claim: { token: claim },
      });
    }
  });

  it('finds what is due by an index, whatever else there is', async () => {
    const commands: Document[] = [];
    const watched = await mongoClientFor(servers().mongodbUri, { monitorCommands: true });
    watched.on('commandStarted', ({ command }) => void commands.push(command));
    try {
      await claimUpTo(createRetries(watched, servers().database).store, 10);
      const find = commands.find((command) => command['find'] === retries.rows.collectionName);
      const { filter, sort, limit } = find ?? {};
      const plan = await retries.rows
        .find(filter as Document)
        .sort(sort as Document)
        .limit(Number(limit))
        .explain('queryPlanner');
      expect(JSON.stringify(plan)).toContain('"indexName":"nextAttemptAt_1"');
      expect(JSON.stringify(plan)).not.toContain('"stage":"SORT"');
    } finally {
      await watched.close();
    }
  });
});

function acceptedOf(claimed: ClaimedNotification | undefined): { acceptedAt: Date } {
  return { acceptedAt: claimed?.parked.acceptedAt ?? new Date(0) };
}

describe('a claim that has run out', () => {
  it('goes to the next who asks, and its former owner writes nothing more', async () => {
    const slow = newWorker('slow', 1);
    const lost = await slow.store.parkClaimed(parkable('sms-1'));
    if (lost === null) throw new Error('there was a row already');
    const claimed = await until('the claim has run out', async () => {
      const [first] = await claimUpTo(retries.store, 10);
      return first;
    });
    expect(claimed.claim).not.toBe(lost);
    const before = await retries.row('sms-1:DELIVERED');
    expect(before).toMatchObject({ claim: { by: 'worker-1', token: claimed.claim } });
    expect(await slow.store.beginAttempt('sms-1:DELIVERED', lost, briefLog)).toBe(false);
    expect(await slow.store.release('sms-1:DELIVERED', lost, null, 0)).toBeNull();
    expect(await slow.store.parkClaimed(parkable('sms-1'))).toBeNull();
    expect(await retries.row('sms-1:DELIVERED')).toEqual(before);
  });

  it('goes on to hold while nobody else has asked', async () => {
    const slow = newWorker('slow', 1);
    const claim = await slow.store.parkClaimed(parkable('sms-1'));
    await until(
      'the claim has run out',
      async () => (await retries.dueInMs('sms-1:DELIVERED')) < 0,
    );
    expect(await slow.store.beginAttempt('sms-1:DELIVERED', claim ?? '', briefLog)).toBe(true);
  });
});

describe('the standing of a claimed row', () => {
  async function claimFirst(smsKey: string): Promise<ClaimedNotification> {
    await retries.store.park(parkable(smsKey), 0);
    const [claimed] = await claimUpTo(retries.store, 1);
    if (claimed === undefined) throw new Error('nothing was due');
    return claimed;
  }

  it('is open when it has not ended and its SMS has no other', async () => {
    const claimed = await claimFirst('sms-1');
    await newWorker('worker-2').store.parkClaimed(parkable('sms-2'));
    await retries.ledger.add([
      anEnding('sms-1', { record: delivered('SENT', { at: 1 }) }),
      anEnding('sms-10'),
    ]);
    expect(await retries.store.standing(claimed)).toEqual({ ended: null, siblingClaimed: false });
  });

  it('tells how the ledger says it ended', async () => {
    const claimed = await claimFirst('sms-1');
    const ending = anEnding('sms-1');
    await retries.ledger.add([ending]);
    const { notificationId, record } = ending;
    expect(await retries.store.standing(claimed)).toEqual({
      ended: { notificationId, record },
      siblingClaimed: false,
    });
  });

  it('tells of an end that has no record', async () => {
    const claimed = await claimFirst('sms-1');
    const record = skipped('DELIVERED', { at: 1 });
    await retries.ledger.add([anEnding('sms-1', { record, showRecord: false })]);
    expect(await retries.store.standing(claimed)).toMatchObject({
      ended: { notificationId: 'sms-1:DELIVERED', record: null },
    });
  });

  it('tells of another status of its SMS only while that is claimed', async () => {
    const claimed = await claimFirst('sms-1');
    const siblingClaimed = async (): Promise<boolean> =>
      (await retries.store.standing(claimed)).siblingClaimed;
    const sibling = parkable('sms-1', { deliveryStatus: 'SENT' });
    const other = newWorker('worker-2');
    const claim = await other.store.parkClaimed(sibling);
    expect(await siblingClaimed()).toBe(true);
    await other.store.release('sms-1:SENT', claim ?? '', null, 3_600_000);
    expect(await siblingClaimed()).toBe(false);
  });

  it('does not tell of another whose claim has run out', async () => {
    const claimed = await claimFirst('sms-1');
    const sibling = parkable('sms-1', { deliveryStatus: 'SENT' });
    await newWorker('crashed', 1).store.parkClaimed(sibling);
    await until('the claim has run out', async () => (await retries.dueInMs('sms-1:SENT')) < 0);
    expect(await retries.store.standing(claimed)).toMatchObject({ siblingClaimed: false });
  });
});
