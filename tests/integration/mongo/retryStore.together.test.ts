import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { MongoClient } from 'mongodb';
import { createMongoClient } from '../../../src/mongo/connect.ts';
import { delivered } from '../../support/mongoRecords.ts';
import { failCommands } from '../../support/mongoFaults.ts';
import { usePrivateReplicaSet } from '../../support/mongoReplicaSet.ts';
import { createRetries, type Retries } from '../../support/mongoRetries.ts';
import { anEnding } from '../../support/someEndings.ts';
import { briefLog, claimUpTo, newClaim, retryFor } from '../../support/someRetries.ts';

const appName = 'retries written together';
const replicaSet = usePrivateReplicaSet();
const names = Array.from({ length: 250 }, (_, index) => `sms-${index}`);
const LOST = 'sms-7';
const HOUR_MS = 3_600_000;
let client: MongoClient;
let retries: Retries;
let databases = 0;

beforeEach(() => {
  databases += 1;
  client = createMongoClient(`${replicaSet().uri}&heartbeatFrequencyMS=500`, appName);
  retries = createRetries(client, `together_${databases}`);
});
afterEach(async () => {
  retries.abandon();
  await client.close();
});

const idOf = (name: string): string => `${name}:DELIVERED`;

/** One row each, in our hands; somebody else has one of them by now. */
async function claimAll(): Promise<readonly (readonly [string, string])[]> {
  const claims = await Promise.all(
    names.map(async (name) => [idOf(name), await newClaim(retries.store, retryFor(name))] as const),
  );
  await retries.rows.updateOne({ _id: idOf(LOST) }, { $set: { claim: { by: 'x', token: 'y' } } });
  return claims;
}

const struck = { appName, commands: ['update'], times: 2 };
const faults = [
  ['all is well', null],
  ['a majority does not answer in time', { writeConcernError: { code: 64, errmsg: 'timed out' } }],
  ['the server steps down', { errorCode: 189 }],
] as const;

describe.each(faults)('rows that are written together while %s', (_what, fault) => {
  const written = async <Result>(write: () => Promise<Result>): Promise<Result> => {
    if (fault === null) return await write();
    await using _failing = await failCommands(replicaSet().admin, struck, fault);
    return await write();
  };

  it('are let go of, each with its time, but for one that somebody else has', async () => {
    const claims = await claimAll();
    const dues = await written(() =>
      Promise.all(
        claims.map(([id, token], index) =>
          retries.store.release(id, token, null, HOUR_MS + index * 1_000),
        ),
      ),
    );
    const expected = await Promise.all(
      claims.map(async ([id]) => (await retries.row(id))?.['nextAttemptAt'] as unknown),
    );
    expect(dues).toEqual(expected.with(names.indexOf(LOST), 'lost'));
    const stillClaimed = await retries.rows.find({ claim: { $exists: true } }).toArray();
    expect(stillClaimed).toMatchObject([{ _id: idOf(LOST), claim: { by: 'x', token: 'y' } }]);
    const [first, second] = dues as readonly Date[];
    expect(Number(second) - Number(first)).toBe(1_000);
  });

  it('have their attempts counted, but for one that somebody else has', async () => {
    const claims = await claimAll();
    const counted = await written(() =>
      Promise.all(claims.map(([id, token]) => retries.store.beginAttempt(id, token, briefLog))),
    );
    expect(counted).toEqual(names.map((name) => (name === LOST ? 'lost' : 'begun')));
    const rows = await retries.rows.find({ attempts: briefLog.begun }).toArray();
    expect(rows).toHaveLength(names.length - 1);
  });
});

it('tells of each of many rows whether it has ended, or its SMS is being called for elsewhere', async () => {
  for (const name of names.slice(0, 20)) await retries.store.schedule(retryFor(name), 0);
  const ended = anEnding('sms-3', { record: delivered('DELIVERED', { at: 1 }) });
  await retries.ledger.add([ended, anEnding('sms-4', { record: delivered('SENT', { at: 1 }) })]);
  const other = createRetries(client, retries.rows.dbName, { workerId: 'another' });
  await other.store.scheduleClaimed(retryFor('sms-5', { deliveryStatus: 'SENT' }));
  const claimed = await claimUpTo(retries.store, 20);
  expect(claimed).toHaveLength(20);
  const rechecked = await Promise.all(
    claimed.map(async (each) => [each.retry.subject.smsKey, await retries.store.recheck(each)]),
  );
  expect(Object.fromEntries(rechecked)).toEqual(
    Object.fromEntries(
      names.slice(0, 20).map((name) => [
        name,
        {
          ended: name === 'sms-3' ? { notificationId: idOf(name), record: ended.record } : null,
          siblingClaimed: name === 'sms-5',
        },
      ]),
    ),
  );
});
