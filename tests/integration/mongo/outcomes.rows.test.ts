import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { MongoClient } from 'mongodb';
import type { DeliveryRecord } from '../../../src/domain/record.ts';
import { createMongoClient } from '../../../src/mongo/connect.ts';
import { failCommands } from '../../support/mongoFaults.ts';
import { createOutcomes, type Outcomes } from '../../support/mongoOutcomes.ts';
import { delivered, failed, retrying, skipped } from '../../support/mongoRecords.ts';
import { usePrivateReplicaSet } from '../../support/mongoReplicaSet.ts';
import { anEnding } from '../../support/someEndings.ts';
import { until } from '../../support/until.ts';
import { untyped } from '../../support/untyped.ts';

const appName = 'outcomes under test';
const replicaSet = usePrivateReplicaSet();
let client: MongoClient;
let outcomes: Outcomes;
let databases = 0;

beforeEach(async () => {
  databases += 1;
  client = createMongoClient(`${replicaSet().uri}&heartbeatFrequencyMS=500`, appName);
  outcomes = createOutcomes(client, `rows_${databases}`);
  await outcomes.sms.insertMany(['a', 'b', 'c'].map((_id) => ({ _id: _id as never })));
});
afterEach(async () => {
  await client.close();
});

const id = 'a:DELIVERED';
const token = 'our-claim';

async function addRow(_id: string, claim: string | null): Promise<void> {
  const sms = _id.split(':')[0];
  await untyped(outcomes.retries).insertOne({
    ...{ _id, sms, nextAttemptAt: new Date() },
    ...(claim !== null && { claim: { by: 'worker', token: claim } }),
  });
}

async function rowIds(): Promise<readonly string[]> {
  const rows = await outcomes.retries.find().sort({ _id: 1 }).toArray();
  return rows.map((row) => row._id);
}

/** What a worker that was cut off after the first step leaves behind. */
async function addToLedger(record: DeliveryRecord, showRecord = true): Promise<void> {
  const another = createOutcomes(replicaSet().admin, outcomes.sms.dbName);
  const struck = { appName: 'admin', commands: ['update'] };
  await using _failing = await failCommands(replicaSet().admin, struck, { errorCode: 50 });
  const ended = another.store.end(anEnding('a', { record, showRecord }));
  if (!showRecord) {
    await ended;
    return;
  }
  await until('the record was tried', () => another.logger.lines.length > 0);
  another.abandon();
  await expect(ended).rejects.toThrow('the time is up');
  expect(await outcomes.row(id)).toMatchObject({ state: record.state });
  expect(await outcomes.shown('a')).toBeUndefined();
}

describe('the row in durable state', () => {
  it('is removed with the end, by its claim', async () => {
    await addRow(id, token);
    await outcomes.store.end(anEnding('a', { claim: token }));
    expect(await rowIds()).toEqual([]);
    expect(await outcomes.row(id)).toMatchObject({ state: 'delivered' });
  });

  it.each([
    ['somebody else has claimed it', 'their-claim', token],
    ['it was let go', null, token],
    ['the end has no claim', token, null],
  ])('is left when %s', async (_, held, claim) => {
    await addRow(id, held);
    await outcomes.store.end(anEnding('a', { claim }));
    expect(await rowIds()).toEqual([id]);
    expect(await outcomes.shown('a')).toMatchObject({ state: 'delivered' });
  });

  it('is removed for each end of a batch that has one', async () => {
    await addRow('a:DELIVERED', token);
    await addRow('b:DELIVERED', 'their-claim');
    await addRow('c:DELIVERED', token);
    const claims = { a: token, b: token, c: token };
    await Promise.all(
      Object.entries(claims).map(async ([sms, claim]) => {
        await outcomes.store.end(anEnding(sms, { claim }));
      }),
    );
    expect(await rowIds()).toEqual(['b:DELIVERED']);
  });
});

describe('the order of the three steps', () => {
  it.each([
    ['the ledger', 'insert', { ledger: false, record: false }],
    ['the record', 'update', { ledger: true, record: false }],
    ['the row', 'delete', { ledger: true, record: true }],
  ])('keeps the later ones waiting for %s', async (_, command, written) => {
    await addRow(id, token);
    const struck = { appName, commands: [command] };
    const failing = await failCommands(replicaSet().admin, struck, { errorCode: 50 });
    const ended = outcomes.store.end(anEnding('a', { claim: token }));
    await until('it was tried', () => outcomes.logger.of('database_retry').length >= 2);
    expect((await outcomes.row(id)) !== null).toBe(written.ledger);
    expect((await outcomes.shown('a')) !== undefined).toBe(written.record);
    expect(await rowIds()).toEqual([id]);
    await failing.lift();
    await ended;
    expect(await outcomes.row(id)).not.toBeNull();
    expect(await outcomes.shown('a')).toMatchObject({ state: 'delivered' });
    expect(await rowIds()).toEqual([]);
  });

  it('is kept when an acknowledgement of the removal is lost', async () => {
    await addRow(id, token);
    const struck = { appName, commands: ['delete'], times: 1 };
    const fault = { writeConcernError: { code: 64, errmsg: 'waiting timed out' } };
    const failing = await failCommands(replicaSet().admin, struck, fault);
    await outcomes.store.end(anEnding('a', { claim: token }));
    expect(await failing.lift()).toBe(1);
    expect(await rowIds()).toEqual([]);
  });
});

describe('an end that finds one in the ledger', () => {
  it.each([
    { there: delivered, then: failed, shown: 'delivered' },
    { there: delivered, then: skipped, shown: 'delivered' },
    { there: failed, then: skipped, shown: 'failed' },
    { there: skipped, then: failed, shown: 'skipped' },
    { there: failed, then: delivered, shown: 'delivered' },
    { there: skipped, then: delivered, shown: 'delivered' },
  ])('shows what is remembered: $there.name, then $then.name', async ({ there, then, shown }) => {
    await addToLedger(there('DELIVERED', { at: 1, attempts: 2 }));
    await addRow(id, token);
    const record = then('DELIVERED', { at: 1, attempts: 5 });
    await outcomes.store.end(anEnding('a', { record, claim: token }));
    expect(await outcomes.shown('a')).toMatchObject({ state: shown });
    expect(await outcomes.shown('a')).toStrictEqual((await outcomes.row(id))?.['record']);
    expect(await rowIds()).toEqual([]);
  });

  it('shows it though it is not to be shown itself', async () => {
    const record = delivered('DELIVERED', { at: 1 });
    await addToLedger(record);
    const skip = anEnding('a', { record: skipped('DELIVERED', { at: 1 }), showRecord: false });
    await outcomes.store.end(skip);
    expect(await outcomes.shown('a')).toMatchObject({ state: 'delivered', statusCode: 200 });
  });

  it('shows itself when that one is not to be shown', async () => {
    await addToLedger(skipped('DELIVERED', { at: 1 }), false);
    await outcomes.store.end(anEnding('a', { record: failed('DELIVERED', { at: 1 }) }));
    expect(await outcomes.shown('a')).toMatchObject({ state: 'failed' });
    expect(await outcomes.row(id)).toMatchObject({ state: 'skipped', record: null });
  });

  it('does not keep the others of its batch from showing theirs', async () => {
    await addToLedger(delivered('DELIVERED', { at: 1, attempts: 2 }));
    const record = failed('DELIVERED', { at: 1 });
    const endings = ['a', 'b', 'c'].map((sms) => anEnding(sms, { record }));
    await Promise.all(endings.map(outcomes.store.end));
    const states = await Promise.all(
      ['a', 'b', 'c'].map(async (sms) => (await outcomes.shown(sms))?.state),
    );
    expect(states).toEqual(['delivered', 'failed', 'failed']);
  });
});

describe('what has not ended', () => {
  it('is shown, and the ledger and its row stay as they are', async () => {
    await addRow(id, token);
    const record = retrying('DELIVERED', { at: 1 });
    await outcomes.store.end(anEnding('a', { record, remember: false }));
    expect(await outcomes.shown('a')).toMatchObject({ state: 'retrying' });
    expect(await outcomes.row(id)).toBeNull();
    expect(await rowIds()).toEqual([id]);
  });
});

describe('what ended elsewhere', () => {
  it('is shown once more and its row removed, without a word in the ledger', async () => {
    const { record } = anEnding('a');
    await addToLedger(record);
    const before = await outcomes.row(id);
    await addRow(id, token);
    await outcomes.store.end(anEnding('a', { record, remember: false, claim: token }));
    expect(await outcomes.shown('a')).toStrictEqual({ ...record });
    expect(await outcomes.row(id)).toEqual(before);
    expect(await rowIds()).toEqual([]);
  });

  it('without a record only loses its row', async () => {
    await addRow(id, token);
    const ended = { ...anEnding('a'), record: null, showRecord: false, remember: false };
    await outcomes.store.end({ ...ended, claim: token });
    expect(await outcomes.sms.findOne({ _id: 'a' as never })).toEqual({ _id: 'a' });
    expect(await outcomes.row(id)).toBeNull();
    expect(await rowIds()).toEqual([]);
  });
});
