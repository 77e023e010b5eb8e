import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Long, ObjectId, UUID, type MongoClient } from 'mongodb';
import { noAttempts } from '../../../src/domain/attemptLog.ts';
import { createMongoClient } from '../../../src/mongo/connect.ts';
import { ensureStateCollections, stateCollections } from '../../../src/mongo/stateCollections.ts';
import type { ParkableNotification } from '../../../src/pipeline/retryPort.ts';
import { aSubject } from '../../support/builders.ts';
import {
  briefLog,
  createRetries,
  idsOfClaimed,
  otherWebhook,
  parkable,
  parkedOf,
  trickyLog,
  type Retries,
  claimUpTo,
} from '../../support/mongoRetries.ts';
import { useServers } from '../../support/servers.ts';

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

function idOf({ subject }: ParkableNotification): string {
  return subject.notificationId;
}

async function parkClaimed(parked: ParkableNotification): Promise<string> {
  const claim = await retries.store.parkClaimed(parked);
  if (claim === null) throw new Error('there was a row already');
  return claim;
}

async function expectDueIn(id: string, ms: number): Promise<void> {
  const dueInMs = await retries.dueInMs(id);
  expect(dueInMs).toBeLessThanOrEqual(ms);
  expect(dueInMs).toBeGreaterThan(ms - 10_000);
}

describe('its collection', () => {
  it('has indexes for what is due, of an endpoint and in all, and for what an SMS has', async () => {
    const { retries: rows } = stateCollections(client.db(servers().database));
    expect((await rows.indexes()).map((index) => index.key)).toEqual([
      { _id: 1 },
      { endpoint: 1, nextAttemptAt: 1 },
      { nextAttemptAt: 1 },
      { acceptedAt: 1 },
      { sms: 1 },
    ]);
  });
});

describe('parking', () => {
  it('adds a row that is due after the wait, by the clock of the server', async () => {
    const parked = parkable('sms-1');
    const due = await retries.store.park(parked, 3_600_000);
    await expectDueIn('sms-1:DELIVERED', 3_600_000);
    const row = await retries.row('sms-1:DELIVERED');
    expect(row?.['nextAttemptAt']).toEqual(due);
    expect(row).not.toHaveProperty('claim');
    expect(await claimUpTo(retries.store, 10)).toEqual([]);
  });

  it('leaves the row that is there as it is, and says when that one is due', async () => {
    const due = await retries.store.park(parkable('sms-1', { log: briefLog }), 3_600_000);
    const before = await retries.row('sms-1:DELIVERED');
    for (const log of [noAttempts, trickyLog, briefLog]) {
      const other = parkable('sms-1', { log, webhook: otherWebhook });
      expect(await retries.store.park(other, 5_000)).toEqual(due);
    }
    expect(await retries.row('sms-1:DELIVERED')).toEqual(before);
  });

  it("takes the place of a row in nobody's hands that knows of fewer attempts", async () => {
    await retries.store.park(parkable('sms-1', { log: trickyLog }), 3_600_000);
    const other = parkable('sms-1', { log: briefLog, webhook: otherWebhook });
    await retries.store.park(other, 60_000);
    expect(await retries.row('sms-1:DELIVERED')).toMatchObject({
      attempts: briefLog.begun,
      endpoint: otherWebhook.endpointKey,
    });
    await expectDueIn('sms-1:DELIVERED', 60_000);
  });

  it('leaves a row that somebody has claimed to its owner', async () => {
    const claim = await parkClaimed(parkable('sms-1'));
    await retries.store.park(parkable('sms-1'), 0);
    expect(await retries.row('sms-1:DELIVERED')).toMatchObject({ claim: { token: claim } });
    await expectDueIn('sms-1:DELIVERED', claimMs);
  });

  it('answers each of many that are parked at once', async () => {
    const waits = Array.from({ length: 250 }, (_, index) => index * 60_000 + 60_000);
    const dues = await Promise.all(
      waits.map(async (waitMs) => await retries.store.park(parkable(`sms-${waitMs}`), waitMs)),
    );
    const rows = await retries.rows.find().sort({ nextAttemptAt: 1 }).toArray();
    expect(rows.map((row) => row['nextAttemptAt'] as Date)).toEqual(dues);
    expect(rows.map((row) => row['sms'] as string)).toEqual(waits.map((ms) => `sms-${ms}`));
  });
});

describe('parking in our hands', () => {
  it('gives the claim, which holds for a while', async () => {
    const claim = await parkClaimed(parkable('sms-1'));
    expect(await retries.row('sms-1:DELIVERED')).toMatchObject({
      claim: { by: 'worker-1', token: claim },
    });
    await expectDueIn('sms-1:DELIVERED', claimMs);
    expect(await claimUpTo(retries.store, 10)).toEqual([]);
  });

  it('gives null when there is a row, claimed or not, and leaves it alone', async () => {
    await parkClaimed(parkable('sms-1'));
    await retries.store.park(parkable('sms-2', { log: trickyLog }), 0);
    const before = await retries.rows.find().sort({ _id: 1 }).toArray();
    expect(await retries.store.parkClaimed(parkable('sms-1', { log: trickyLog }))).toBeNull();
    expect(await retries.store.parkClaimed(parkable('sms-2', { log: trickyLog }))).toBeNull();
    expect(await retries.rows.find().sort({ _id: 1 }).toArray()).toEqual(before);
  });

  it('gives the claim to one of many workers', async () => {
    const workers = Array.from({ length: 20 }, () => createRetries(client, servers().database));
    const claims = await Promise.all(
      workers.map(async ({ store }) => await store.parkClaimed(parkable('sms-1'))),
    );
    const won = claims.filter((claim) => claim !== null);
    expect(won).toHaveLength(1);
    expect(await retries.row('sms-1:DELIVERED')).toMatchObject({ claim: { token: won[0] } });
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
    await retries.store.park(parkable('sms-1', { body }), 0);
    const [claimed] = await claimUpTo(retries.store, 1);
    expect(Buffer.compare(claimed?.parked.body ?? Buffer.alloc(1), body)).toBe(0);
  });

  it('is small when its body compresses', async () => {
    await retries.store.park(parkable('sms-1', { body: Buffer.alloc(1024 * 1024, 'x') }), 0);
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
    const parked = parkable('sms-1', { subject, accountId, flowId: 200, log: trickyLog });
    await retries.store.park(parked, 0);
    const [claimed] = await claimUpTo(retries.store, 1);
    expect(claimed?.parked).toStrictEqual(parkedOf(parked));
  });

  it('has no secret of the endpoint in it', async () => {
    const parked = parkable('sms-1', { webhook: otherWebhook });
    await retries.store.park(parked, 0);
    const row = await retries.row('sms-1:DELIVERED');
    expect(JSON.stringify(row)).not.toMatch(/password|query-secret|other\.example/);
    expect(row).toMatchObject({ endpoint: otherWebhook.endpointKey, webhookId: 8 });
  });
});

describe('the beginning of an attempt', () => {
  it('is counted in the row, whose log is replaced whole', async () => {
    const parked = parkable('sms-1', { log: trickyLog });
    const claim = await parkClaimed(parked);
    expect(await retries.store.beginAttempt(idOf(parked), claim, briefLog)).toBe(true);
    const row = await retries.row('sms-1:DELIVERED');
    expect(row).toMatchObject({ attempts: 5, claim: { token: claim } });
    expect(row?.['log']).toStrictEqual(briefLog);
    expect(await retries.store.beginAttempt(idOf(parked), claim, trickyLog)).toBe(true);
    expect((await retries.row('sms-1:DELIVERED'))?.['log']).toStrictEqual(trickyLog);
  });

  it('extends the claim', async () => {
    const parked = parkable('sms-1');
    const claim = await parkClaimed(parked);
    await retries.rows.updateOne({ _id: idOf(parked) }, { $set: { nextAttemptAt: new Date() } });
    expect(await retries.store.beginAttempt(idOf(parked), claim, briefLog)).toBe(true);
    await expectDueIn(idOf(parked), claimMs);
  });

  it.each(['a token of somebody else', ''])(
    'writes nothing without the claim: "%s"',
    async (claim) => {
      await parkClaimed(parkable('sms-1'));
      const before = await retries.row('sms-1:DELIVERED');
      expect(await retries.store.beginAttempt('sms-1:DELIVERED', claim, briefLog)).toBe(false);
      expect(await retries.store.beginAttempt('sms-2:DELIVERED', claim, briefLog)).toBe(false);
      expect(await retries.row('sms-1:DELIVERED')).toEqual(before);
      expect(await retries.rows.countDocuments()).toBe(1);
    },
  );
});

describe('letting go', () => {
  it('makes the row due after the wait, by the clock of the server, and nobody has it', async () => {
    const parked = parkable('sms-1');
    const claim = await parkClaimed(parked);
    const due = await retries.store.release(idOf(parked), claim, null, 1_800_000);
    await expectDueIn(idOf(parked), 1_800_000);
    const row = await retries.row(idOf(parked));
    expect(row?.['nextAttemptAt']).toEqual(due);
    expect(row).not.toHaveProperty('claim');
    expect(await retries.store.beginAttempt(idOf(parked), claim, briefLog)).toBe(false);
  });

  it('without news keeps all the row says; with news it says just that', async () => {
    const parked = parkable('sms-1', { log: trickyLog });
    await retries.store.release(idOf(parked), await parkClaimed(parked), null, 0);
    const [kept] = await claimUpTo(retries.store, 1);
    expect(kept?.parked).toStrictEqual(parkedOf(parked));
    const news = { log: briefLog, webhook: otherWebhook, undecided: null };
    await retries.store.release(idOf(parked), kept?.claim ?? '', news, 0);
    expect(await retries.row(idOf(parked))).toMatchObject({
      attempts: 5,
      endpoint: otherWebhook.endpointKey,
    });
    const [changed] = await claimUpTo(retries.store, 1, otherWebhook);
    expect(changed?.parked).toStrictEqual(parkedOf({ ...parked, ...news }));
  });

  it('gives null, and writes nothing, without the claim', async () => {
    const claim = await parkClaimed(parkable('sms-1'));
    const news = { log: briefLog, webhook: otherWebhook, undecided: null };
    const before = await retries.row('sms-1:DELIVERED');
    expect(await retries.store.release('sms-1:DELIVERED', 'another', news, 0)).toBeNull();
    expect(await retries.store.release('sms-2:DELIVERED', claim, news, 0)).toBeNull();
    expect(await retries.row('sms-1:DELIVERED')).toEqual(before);
  });

  it('gives null when another has claimed the row since', async () => {
    const claim = await parkClaimed(parkable('sms-1'));
    await retries.store.release('sms-1:DELIVERED', claim, null, 0);
    expect(idsOfClaimed(await claimUpTo(retries.store, 1))).toEqual(['sms-1:DELIVERED']);
    const before = await retries.row('sms-1:DELIVERED');
    expect(await retries.store.release('sms-1:DELIVERED', claim, null, 0)).toBeNull();
    expect(await retries.row('sms-1:DELIVERED')).toEqual(before);
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
    await retries.store.park(parkable('sms-1', { body, log: trickyLog }), 0);
    const [claimed] = await claimUpTo(retries.store, 1);
    expect(Buffer.compare(claimed?.parked.body ?? Buffer.alloc(0), body)).toBe(0);
  });
});
