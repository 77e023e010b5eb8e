import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { MongoClient } from 'mongodb';
import { createMongoClient } from '../../../src/mongo/connect.ts';
import { failCommands, type CommandFault } from '../../support/mongoFaults.ts';
import { failureOf } from '../../support/mongoOutcomes.ts';
import { usePrivateReplicaSet } from '../../support/mongoReplicaSet.ts';
import { createRetries, type Retries } from '../../support/mongoRetries.ts';
import {
  briefLog,
  claimUpTo,
  idsOfClaimed,
  newClaim,
  retryFor,
} from '../../support/someRetries.ts';
import { until } from '../../support/until.ts';

const appName = 'retries under test';
const replicaSet = usePrivateReplicaSet();
let client: MongoClient;
let retries: Retries;
let databases = 0;

beforeEach(() => {
  databases += 1;
  client = createMongoClient(`${replicaSet().uri}&heartbeatFrequencyMS=500`, appName);
  retries = createRetries(client, `retries_${databases}`);
});
afterEach(async () => {
  retries.abandon();
  await client.close();
});

const id = 'sms-1:DELIVERED';
const news = { log: briefLog, webhook: retryFor('sms-1').webhook, undecided: null };

async function scheduleUnderClaim(): Promise<string> {
  const claim = await newClaim(retries.store, retryFor('sms-1'));
  return claim;
}

/** Every call that insists, with the command it makes and what comes of it when all is well. */
const calls: readonly [string, string, () => Promise<() => Promise<void>>][] = [
  [
    'scheduleClaimed',
    'insert',
    () =>
      Promise.resolve(async () => {
        const claim = await scheduleUnderClaim();
        expect(await retries.row(id)).toMatchObject({ claim: { token: claim } });
      }),
  ],
  [
    'schedule',
    'insert',
    () =>
      Promise.resolve(async () => {
        const due = await retries.store.schedule(retryFor('sms-1'), 3_600_000);
        expect((await retries.row(id))?.['nextAttemptAt']).toEqual(due);
      }),
  ],
  [
    'beginAttempt',
    'findAndModify',
    async () => {
      const claim = await scheduleUnderClaim();
      return async () => {
        expect(await retries.store.beginAttempt(id, claim, briefLog)).toBe('begun');
        expect(await retries.row(id)).toMatchObject({ attempts: briefLog.begun });
      };
    },
  ],
  [
    'release',
    'findAndModify',
    async () => {
      const claim = await scheduleUnderClaim();
      return async () => {
        const due = await retries.store.release(id, claim, news, 3_600_000);
        const row = await retries.row(id);
        expect(row).toMatchObject({ attempts: briefLog.begun, nextAttemptAt: due });
        expect(row).not.toHaveProperty('claim');
        expect(await retries.dueInMs(id)).toBeGreaterThan(3_500_000);
      };
    },
  ],
  [
    'recheck',
    'find',
    async () => {
      await retries.store.schedule(retryFor('sms-1'), 0);
      const [claimed] = await claimUpTo(retries.store, 1);
      return async () => {
        if (claimed === undefined) throw new Error('nothing was due');
        expect(await retries.store.recheck(claimed)).toEqual({
          ended: null,
          siblingClaimed: false,
        });
      };
    },
  ],
];

const notDone: readonly [string, CommandFault][] = [
  ['189', { errorCode: 189 }],
  ['91', { errorCode: 91 }],
  ['50, which the driver does not retry,', { errorCode: 50 }],
  ['a lost connection', { closeConnection: true }],
];
/** The write is carried out; its caller is told that it may not last. */
const done: readonly [string, CommandFault][] = [
  ['no majority in time', { writeConcernError: { code: 64, errmsg: 'waiting timed out' } }],
  ['a shutdown after the write', { writeConcernError: { code: 91, errmsg: 'shutting down' } }],
];

describe('a call that fails for now', () => {
  const cases = calls.flatMap(([name, command, prepare]) =>
    notDone.map(([fault, failure]) => ({ name, command, prepare, fault, failure })),
  );

  it.each(cases)('is made again: $fault on $name', async ({ command, prepare, failure }) => {
    const call = await prepare();
    const struck = { appName, commands: [command], times: 2 };
    const failing = await failCommands(replicaSet().admin, struck, failure);
    await call();
    // Of two that come at the same moment the server may fail one more.
    expect(await failing.lift()).toBeGreaterThanOrEqual(2);
    for (const line of retries.logger.lines) {
      expect(line).toMatchObject({ event: 'database_retry', fields: { what: 'retry' } });
    }
    expect(await retries.rows.countDocuments()).toBe(1);
  });

  it.each(calls)('is given up when the time is up: %s', async (_, command, prepare) => {
    const call = await prepare();
    const struck = { appName, commands: [command] };
    await using _failing = await failCommands(replicaSet().admin, struck, { errorCode: 50 });
    const failure = failureOf(call());
    await until('it was tried', () => retries.logger.lines.length > 0);
    retries.abandon();
    expect(await failure).toMatchObject({ message: 'the time is up' });
  });
});

describe('a write whose acknowledgement is lost', () => {
  const cases = calls
    .filter(([, command]) => command !== 'find')
    .flatMap(([name, command, prepare]) =>
      done.map(([fault, failure]) => ({ name, command, prepare, fault, failure })),
    );

  it.each(cases)('is the same when made again: $fault on $name', async (tried) => {
    const call = await tried.prepare();
    const struck = { appName, commands: [tried.command], times: 1 };
    const failing = await failCommands(replicaSet().admin, struck, tried.failure);
    await call();
    expect(await failing.lift()).toBe(1);
    expect(await retries.rows.countDocuments()).toBe(1);
  });

  it('does not schedule a second time what another has taken meanwhile', async () => {
    const slow = createRetries(client, retries.rows.dbName, { claimMs: 1 });
    const struck = { appName, commands: ['insert', 'update'], times: 3 };
    const fault = { writeConcernError: { code: 64, errmsg: 'waiting timed out' } };
    const failing = await failCommands(replicaSet().admin, struck, fault);
    const scheduling = slow.store.scheduleClaimed(retryFor('sms-1'));
    const other = replicaSet().admin;
    const successor = createRetries(other, retries.rows.dbName, { workerId: 'successor' });
    const claimed = await until('another has claimed it', async () => {
      const [first] = await claimUpTo(successor.store, 1);
      return first;
    });
    expect(await scheduling).toBe('taken');
    expect(await failing.lift()).toBe(3);
    expect(await retries.row(id)).toMatchObject({ claim: { token: claimed.token } });
  });
});

describe('claiming what is due', () => {
  it('rejects when the database does not answer, and finds it the next time', async () => {
    await retries.store.schedule(retryFor('sms-1'), 0);
    {
      const struck = { appName, commands: ['find'] };
      await using _failing = await failCommands(replicaSet().admin, struck, { errorCode: 50 });
      await expect(claimUpTo(retries.store, 10)).rejects.toMatchObject({ code: 50 });
    }
    expect(idsOfClaimed(await claimUpTo(retries.store, 10))).toEqual([id]);
  });
});
