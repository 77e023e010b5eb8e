import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { MongoClient } from 'mongodb';
import { createMongoClient } from '../../../src/mongo/connect.ts';
import { failCommands, type CommandFault } from '../../support/mongoFaults.ts';
import { createOutcomes, failureOf, type Outcomes } from '../../support/mongoOutcomes.ts';
import { usePrivateReplicaSet } from '../../support/mongoReplicaSet.ts';
import { anEnding } from '../../support/someEndings.ts';
import { until } from '../../support/until.ts';

const appName = 'outcomes under test';
const replicaSet = usePrivateReplicaSet();
let client: MongoClient;
let outcomes: Outcomes;
let databases = 0;

beforeEach(async () => {
  databases += 1;
  client = createMongoClient(`${replicaSet().uri}&heartbeatFrequencyMS=500`, appName);
  outcomes = createOutcomes(client, `faults_${databases}`);
  await outcomes.sms.insertMany(['a', 'b', 'c'].map((_id) => ({ _id: _id as never })));
});
afterEach(async () => {
  await client.close();
});

/** Ends that are known to have been written: once, and as they should be. */
async function expectWritten(ids: readonly string[]): Promise<void> {
  for (const id of ids) {
    const { record } = anEnding(id);
    expect(await outcomes.shown(id)).toStrictEqual(record);
    expect(await outcomes.row(`${id}:DELIVERED`)).toMatchObject({ sms: id, record });
  }
  const { sms } = outcomes;
  expect(await sms.countDocuments({ notify_on_delivery: { $exists: true } })).toBe(ids.length);
  expect(await sms.db.collection('notify_on_delivery_sent').countDocuments()).toBe(ids.length);
}

const faults: readonly [string, CommandFault][] = [
  ['189', { errorCode: 189 }],
  ['91', { errorCode: 91 }],
  ['11600', { errorCode: 11600 }],
  ['50, which the driver does not retry,', { errorCode: 50 }],
  ['a lost connection', { closeConnection: true }],
  ['no majority in time', { writeConcernError: { code: 64, errmsg: 'waiting timed out' } }],
  ['a shutdown after the write', { writeConcernError: { code: 91, errmsg: 'shutting down' } }],
];
const writes = [
  ['insert', 'ledger'],
  ['update', 'record'],
] as const;

describe('a write that fails for now', () => {
  const cases = writes.flatMap(([command, what]) =>
    faults.map(([name, fault]) => ({ command, what, name, fault })),
  );

  it.each(cases)('is made again: $name on $command', async ({ command, what, fault }) => {
    const struck = { appName, commands: [command], times: 2 };
    await using failing = await failCommands(replicaSet().admin, struck, fault);
    await Promise.all(['a', 'b', 'c'].map((id) => anEnding(id)).map(outcomes.store.end));
    expect(await failing.lift()).toBe(2);
    await expectWritten(['a', 'b', 'c']);
    const retries = outcomes.logger.of('database_retry');
    expect(retries.length).toBeGreaterThanOrEqual(1);
    expect(retries.map((line) => line.fields['what'])).toEqual(retries.map(() => what));
    expect(outcomes.logger.lines).toHaveLength(retries.length);
    expect(outcomes.failedCodes).toEqual([]);
  });

  it('is made again when some of it failed as expected and the rest is not durable', async () => {
    await outcomes.store.end(anEnding('a'));
    const struck = { appName, commands: ['insert'], times: 1 };
    const fault = { writeConcernError: { code: 64, errmsg: 'waiting timed out' } };
    await using failing = await failCommands(replicaSet().admin, struck, fault);
    await Promise.all([anEnding('a'), anEnding('b')].map(outcomes.store.end));
    expect(await failing.lift()).toBe(1);
    expect(outcomes.logger.of('database_retry')).toHaveLength(1);
    await expectWritten(['a', 'b']);
  });

  it.each(writes)('waits for as long as it takes: %s', async (command, what) => {
    const commands = [command];
    await using failing = await failCommands(
      replicaSet().admin,
      { appName, commands },
      { errorCode: 50 },
    );
    const ended = outcomes.store.end(anEnding('a'));
    await until('it was tried three times', () => outcomes.logger.of('database_retry').length >= 3);
    expect(outcomes.logger.of('database_retry')[2]).toMatchObject({
      level: 'warn',
      fields: { what, waitMs: expect.any(Number), error: { code: 50 } },
    });
    await failing.lift();
    await ended;
    await expectWritten(['a']);
  });

  it.each(writes)('is given up when the time is up: %s', async (command, _what) => {
    const commands = [command];
    await using _failing = await failCommands(
      replicaSet().admin,
      { appName, commands },
      { errorCode: 50 },
    );
    const failure = failureOf(outcomes.store.end(anEnding('a')));
    await until('it was tried', () => outcomes.logger.of('database_retry').length > 0);
    outcomes.abandon();
    expect(await failure).toMatchObject({ message: 'the time is up' });
  });
});

describe('the order of the two writes', () => {
  it('is the ledger first: without it there is no record', async () => {
    const struck = { appName, commands: ['insert'] };
    await using failing = await failCommands(replicaSet().admin, struck, { errorCode: 50 });
    const ended = outcomes.store.end(anEnding('a'));
    await until('the ledger was tried', () => outcomes.logger.of('database_retry').length >= 2);
    expect(await outcomes.shown('a')).toBeUndefined();
    await failing.lift();
    await ended;
    await expectWritten(['a']);
  });
});

describe('a record whose ledger row was written by an attempt that was cut off', () => {
  it('is written with the same row', async () => {
    const struck = { appName, commands: ['update'] };
    {
      await using _failing = await failCommands(replicaSet().admin, struck, { errorCode: 50 });
      const failure = failureOf(outcomes.store.end(anEnding('a')));
      await until('the record was tried', () => outcomes.logger.lines.length > 0);
      outcomes.abandon();
      expect(await failure).toMatchObject({ message: 'the time is up' });
    }
    const row = await outcomes.row('a:DELIVERED');
    expect(row).not.toBeNull();
    expect(await outcomes.shown('a')).toBeUndefined();
    const successor = createOutcomes(client, outcomes.sms.dbName);
    await successor.store.end(anEnding('a'));
    await expectWritten(['a']);
    expect(await outcomes.row('a:DELIVERED')).toEqual(row);
  });
});

describe('a batch that can not be shown for now', () => {
  it('does not keep later outcomes from being remembered', async () => {
    const struck = { appName, commands: ['update'] };
    await using failing = await failCommands(replicaSet().admin, struck, { errorCode: 50 });
    const ended: Promise<void>[] = [];
    for (const id of ['a', 'b', 'c']) {
      const { promise, resolve: remembered } = Promise.withResolvers<void>();
      ended.push(outcomes.store.end(anEnding(id, { remembered })));
      // One batch each.
      await promise;
    }
    expect(await outcomes.shown('a')).toBeUndefined();
    await failing.lift();
    await Promise.all(ended);
    await expectWritten(['a', 'b', 'c']);
  });

  it('keeps them from it once four hundred wait to be shown', async () => {
    const many = Array.from({ length: 400 }, (_, number) => `many-${number}`);
    await outcomes.sms.insertMany(many.map((_id) => ({ _id: _id as never })));
    const struck = { appName, commands: ['update'] };
    await using failing = await failCommands(replicaSet().admin, struck, { errorCode: 50 });
    let count = 0;
    const remembered = (): void => void (count += 1);
    const ended = many.map(async (id) => await outcomes.store.end(anEnding(id, { remembered })));
    await until('all are remembered', () => count === many.length);
    ended.push(outcomes.store.end(anEnding('a', { remembered })));
    await until('a record was tried', () => outcomes.logger.of('database_retry').length >= 3);
    expect(count).toBe(many.length);
    await failing.lift();
    await Promise.all(ended);
    await expectWritten([...many, 'a']);
  });
});
