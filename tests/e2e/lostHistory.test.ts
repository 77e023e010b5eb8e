import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { MongoClient, type Collection } from 'mongodb';
import { newSms, type SmsDocument } from '../../scripts/harness/smsPlatform.ts';
import type { WorkerProcess } from '../../scripts/harness/workerProcess.ts';
import { useEndToEnd } from '../support/endToEnd.ts';
import { rollOplogOver, smallOplogArgs } from '../support/oplogRollover.ts';
import { startReplicaSet } from '../support/servers.ts';
import { until } from '../support/until.ts';

const e2e = useEndToEnd(import.meta.url);

const UNSEEN = 5_000;
const OLD = 1_000;
/** Documents that the search has in progress at once. */
const PAGE = 500;
const IN_FLIGHT = 16;
const HOUR_MS = 3_600_000;

let replicaSet: Awaited<ReturnType<typeof startReplicaSet>>;
let client: MongoClient;

beforeAll(async () => {
  replicaSet = await startReplicaSet({ args: smallOplogArgs });
  client = await new MongoClient(replicaSet.uri).connect();
  const { central, receiver } = e2e();
  await central.optIn(28, 200, { url: receiver.url('/hook') });
}, 120_000);
afterAll(async () => {
  await client.close();
  await replicaSet.close();
});

function notifiedIds(): readonly string[] {
  const { receiver } = e2e();
  return receiver.requests('/hook').map(({ headers }) => headers['webhook-id'] as string);
}

async function start(database: string, settings: object = {}): Promise<WorkerProcess> {
  return await e2e().worker({
    MONGODB_URI: replicaSet.uri,
    MONGODB_DATABASE: database,
    MAX_IN_FLIGHT: String(IN_FLIGHT),
    ...settings,
  });
}

/** Unseen statuses by updates and inserts, one in ten with a carrier's time of hours ago. */
async function writeUnseen(sms: Collection<SmsDocument>): Promise<string[]> {
  const documents = Array.from({ length: UNSEEN }, (_each, index) => {
    const deliveryTime = new Date(Date.now() - (index % 10 === 0 ? 20 * HOUR_MS : 0));
    const time = index % 3 === 0 ? deliveryTime.toISOString() : deliveryTime;
    return newSms({ deliveryStatus: 'DELIVERED', deliveryTime: time });
  });
  await sms.insertMany(documents);
  return documents.map(({ _id }) => `${_id}:DELIVERED`);
}

async function writeOld(sms: Collection<SmsDocument>): Promise<void> {
  const deliveryTime = new Date(Date.now() - 60 * HOUR_MS);
  await sms.insertMany(
    Array.from({ length: OLD }, () => newSms({ deliveryStatus: 'DELIVERED', deliveryTime })),
  );
}

async function gapIsGone(database: string): Promise<void> {
  const gaps = client.db(database).collection('notify_on_delivery_gaps');
  await until('the gap is scanned', async () => (await gaps.countDocuments({})) === 0, {
    timeoutMs: 120_000,
  });
}

/** How the search goes about it. */
async function progressKind(database: string): Promise<string | undefined> {
  const row = await client.db(database).collection('notify_on_delivery_gaps').findOne({});
  return (row?.['progress'] as { kind: string } | null)?.kind;
}

describe('history that was lost while no worker ran', () => {
  const ways = [
    ['without an index', 'central', null],
    ['by an index of the platform', 'central_indexed', { deliveryTime: -1, accountID: 1 }],
  ] as const;
  /** The notifications to be notified, by database. */
  const expected = new Map<string, readonly string[]>();

  beforeAll(async () => {
    for (const [, database, index] of ways) {
      const sms = client.db(database).collection<SmsDocument>('SMSDetailDocument');
      if (index !== null) await sms.createIndex(index);
      await writeOld(sms);
      const first = await start(database);
      const seen = newSms({ deliveryStatus: 'DELIVERED', deliveryTime: new Date() });
      await sms.insertOne(seen);
      await until('the first is notified', () => notifiedIds().includes(`${seen._id}:DELIVERED`));
      await first.stop();
      expected.set(database, [`${seen._id}:DELIVERED`, ...(await writeUnseen(sms))]);
      await sms.insertOne(newSms({ deliveryStatus: 'DELIVERED', sendTime: null }));
    }
    await rollOplogOver(client);
  }, 300_000);

  it.each(ways)(
    'is searched for %s: every unseen status is notified, none from before the margin, none twice',
    async (_, database, index) => {
      const before = notifiedIds().length;
      const second = await start(database);
      await second.line('gap_scan_started');
      const notifiedNow = (): number => notifiedIds().length - before;
      await until('some are notified', () => notifiedNow() > UNSEEN / 4, { timeoutMs: 60_000 });
      await second.kill();
      const notifiedBeforeKill = notifiedNow();
      const way = await progressKind(database);
      const third = await start(database);
      await gapIsGone(database);
      const { recovered, unplaceable } = await third.line('gap_scan_finished');
      // What a slow machine had wait for long waits in durable state by now.
      await until('all are notified', () => notifiedNow() >= UNSEEN, { timeoutMs: 120_000 });
      const repeated = notifiedNow() - UNSEEN;
      console.log(
        `${way}: ${notifiedBeforeKill} told before the kill, ${repeated} twice; gap_scan_finished: ${String(recovered)} recovered of ${UNSEEN}, ${String(unplaceable)} unplaceable`,
      );

      expect(way).toBe(index === null ? 'scan' : 'dates');
      const others = ways.filter(([, each]) => each !== database).map(([, each]) => each);
      const ofOthers = new Set(others.flatMap((each) => expected.get(each) ?? []));
      const notified = new Set(notifiedIds().filter((id) => !ofOthers.has(id)));
      expect(notified).toEqual(new Set(expected.get(database)));
      expect(repeated).toBeLessThanOrEqual(IN_FLIGHT);
      expect(unplaceable).toBe(1);
      const events = [...second.lines, ...third.lines].map(({ event }) => event);
      // What was reported a page that was cut off, by the kill or by a lease that a slow machine lost, is found to be
      // known, and not counted.
      const cutOff = events.filter((event) => event === 'gap_scan_started').length - 1;
      expect(recovered).toBeLessThanOrEqual(UNSEEN);
      expect(recovered).toBeGreaterThanOrEqual(UNSEEN - cutOff * PAGE);
      expect(events).toContain('document_without_time');
      expect(await third.stop()).toEqual({ code: 0, signal: null });
    },
    300_000,
  );
});

describe('a collection that was dropped and made anew while no worker ran', () => {
  it('is searched, since the checkpoint does not fit it any more', async () => {
    const database = 'made_anew';
    const sms = client.db(database).collection<SmsDocument>('SMSDetailDocument');
    await sms.insertOne(newSms());
    await (await start(database)).stop();
    await sms.drop();
    const document = newSms({ deliveryStatus: 'SENT', deliveryTime: new Date() });
    await sms.insertOne(document);
    const worker = await start(database);
    await worker.line('checkpoint_invalid');
    await until('its status is notified', () => notifiedIds().includes(`${document._id}:SENT`));
    await gapIsGone(database);
    expect(notifiedIds().filter((id) => id === `${document._id}:SENT`)).toHaveLength(1);
  });
});

describe('START_AT', () => {
  it('lets a first start begin in the past, as far as the oplog reaches', async () => {
    const database = 'start_at';
    const sms = client.db(database).collection<SmsDocument>('SMSDetailDocument');
    const before = newSms({ deliveryStatus: 'SENT', sendTime: new Date() });
    await sms.insertOne(before);
    await until('a second has passed', () => Date.now() > Number(before['sendTime']) + 2_000);
    const startAt = new Date();
    await until('another second has passed', () => Date.now() > startAt.getTime() + 1_000);
    const after = newSms({ deliveryStatus: 'SENT' });
    await sms.insertOne(after);
    await start(database, { START_AT: startAt.toISOString() });
    await until('it is notified', () => notifiedIds().includes(`${after._id}:SENT`));
    expect(notifiedIds()).not.toContain(`${before._id}:SENT`);
  });

  it('is searched for where the oplog does not reach back so far', async () => {
    const database = 'start_long_ago';
    const sms = client.db(database).collection<SmsDocument>('SMSDetailDocument');
    const deliveryTime = new Date(Date.now() - 2 * HOUR_MS);
    const document = newSms({ deliveryStatus: 'SENT', deliveryTime });
    await sms.insertOne(document);
    const startAt = new Date(Date.now() - 3 * HOUR_MS).toISOString();
    const worker = await start(database, { START_AT: startAt });
    await worker.line('gap_scan_finished');
    await until('it is notified', () => notifiedIds().includes(`${document._id}:SENT`));
    expect(notifiedIds().filter((id) => id === `${document._id}:SENT`)).toHaveLength(1);
  });
});
