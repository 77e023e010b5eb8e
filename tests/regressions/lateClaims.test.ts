import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { MongoClient } from 'mongodb';
import { createMongoClient } from '../../src/mongo/connect.ts';
import { failCommands, type CommandFault } from '../support/mongoFaults.ts';
import { usePrivateReplicaSet } from '../support/mongoReplicaSet.ts';
import { createRetries, type Retries } from '../support/mongoRetries.ts';
import { nothingElse, retryFor } from '../support/someRetries.ts';
import { until } from '../support/until.ts';
import { aWebhook } from '../support/builders.ts';

const appName = 'claims under test';
const replicaSet = usePrivateReplicaSet();
const { endpointKey } = aWebhook();
const names = ['sms-1', 'sms-2', 'sms-3'];
let client: MongoClient;
let retries: Retries;
let databases = 0;

beforeEach(async () => {
  databases += 1;
  client = createMongoClient(`${replicaSet().uri}&heartbeatFrequencyMS=500`, appName);
  // Nothing that is left to it is due again within the test.
  retries = createRetries(client, `claims_${databases}`, { claimMs: 3_600_000 });
  const acceptedAt = new Date('2020-01-01T00:00:00Z');
  for (const name of names) await retries.store.schedule(retryFor(name, { acceptedAt }), 0);
});
afterEach(async () => {
  retries.abandon();
  await client.close();
});

/** Longer than a claim is waited for. */
const late = { blockConnection: true, blockTimeMS: 7_000 } as const;
type Commands = readonly ['update' | 'find', number];
const kinds: readonly (readonly [string, Commands, CommandFault])[] = [
  ['was made late', ['update', 0], late],
  ['was made, and its rows were read late', ['find', 1], late],
  ['was made, and its rows could not be read', ['find', 1], { closeConnection: true }],
  ['was not made, since the connection broke', ['update', 0], { closeConnection: true }],
];

async function claim(): Promise<number> {
  const all = names.map(async () => await retries.store.claimDue(endpointKey, nothingElse));
  return (await Promise.all(all)).filter((row) => row !== null).length;
}

async function claimExpired(): Promise<number> {
  return (await retries.store.claimAcceptedBefore(new Date(), 100, nothingElse)).length;
}

const expectNothing = async (claiming: Promise<number>): Promise<void> =>
  await expect(claiming).rejects.toBeInstanceOf(Error);

// They were in nobody's hands until the claim ran out.
describe('rows whose claim has come to nothing', () => {
  it.each(kinds)('are given back when it %s', async (_what, [command, skip], fault) => {
    const { admin } = replicaSet();
    const struck = { appName, commands: [command], skip };
    await using fails = await failCommands(admin, struck, fault);
    await expectNothing(claim());
    await fails.lift();
    let count = 0;
    await until('all are claimed', async () => (count += await claim()) === names.length);
  });

  it.each(kinds)(
    'are so as well when they had expired: it %s',
    async (_what, [command, skip], fault) => {
      const { admin } = replicaSet();
      const struck = { appName, commands: [command], skip };
      await using fails = await failCommands(admin, struck, fault);
      await expectNothing(claimExpired());
      await fails.lift();
      let count = 0;
      await until('all are claimed', async () => (count += await claimExpired()) === names.length);
    },
  );

  it('are left alone once somebody else has claimed them', async () => {
    const { admin } = replicaSet();
    const other = createRetries(admin, `claims_${databases}`, { workerId: 'worker-2' });
    await using fails = await failCommands(
      admin,
      { appName, commands: ['update'], times: 1 },
      late,
    );
    await expectNothing(claim());
    const theirs = await Promise.all(
      names.map(async () => await other.store.claimDue(endpointKey, nothingElse)),
    );
    const tokens = theirs.map((each) => each?.token);
    await until('it was made, and found nothing', async () => (await fails.lift()) === 1);
    await retries.store.renew(new Map());
    for (const name of names) {
      const row = await retries.row(`${name}:DELIVERED`);
      const { token } = (row?.['claim'] ?? {}) as { token?: string };
      expect(tokens).toContain(token);
    }
  });
});
