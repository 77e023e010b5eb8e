import { beforeEach, describe, expect, it } from '@jest/globals';
import { stateCollections, type StateCollections } from '../../../src/mongo/database.ts';
import { createLeaseStore } from '../../../src/mongo/leases.ts';
import { createModeGuard } from '../../../src/mongo/modeGuard.ts';
import type { LeaseStore, ModeGuard } from '../../../src/ports/source.ts';
import { useServers } from '../../support/servers.ts';

const ttlMs = 60_000;
const servers = useServers(import.meta.url);
let leases: StateCollections['leases'];
let checkpoints: StateCollections['checkpoints'];

beforeEach(async () => {
  ({ leases, checkpoints } = stateCollections(servers().db));
  await Promise.all([leases.deleteMany({}), checkpoints.deleteMany({})]);
});

const lease = (): LeaseStore => createLeaseStore({ leases, checkpoints, owner: 'a', ttlMs });
const guard = (): ModeGuard => createModeGuard({ leases, checkpoints, ttlMs });

/** What is in the row counts as over. */
async function runOut(): Promise<void> {
  const over = { $subtract: ['$$NOW', 1] };
  const topic = {
    $map: { input: '$topic', in: { $mergeObjects: ['$$this', { until: over }] } },
  };
  await leases.updateOne({ _id: '0' }, [{ $set: { until: over, topic } }]);
}

describe('workers of a topic', () => {
  it('work at once, any number, and nobody is given the lease', async () => {
    const guards = [guard(), guard(), guard()];
    for (const each of guards) expect(await each.lockForTopic()).toBe('held');
    expect(await lease().acquire()).toBeNull();
    for (const each of guards) expect(await each.renew()).toBe('held');
    expect(await leases.findOne({ _id: '0' })).toMatchObject({
      topic: guards.map(() => ({ member: expect.any(String), until: expect.any(Date) })),
    });
  });

  it('wait while somebody has the lease, and no longer', async () => {
    const holder = lease();
    const held = await holder.acquire();
    expect(await guard().lockForTopic()).toBe('leaseInForce');
    if (held !== null) await holder.release(held);
    expect(await guard().lockForTopic()).toBe('held');
  });

  it('leave the lease to others once the last one is gone, one way or the other', async () => {
    const [one, other] = [guard(), guard()];
    await one.lockForTopic();
    await other.lockForTopic();
    await one.release();
    expect(await lease().acquire()).toBeNull();
    await other.release();
    expect(await lease().acquire()).toEqual({ epoch: 1 });
    expect(await leases.findOne({ _id: '0' })).not.toHaveProperty('topic');
  });

  it('that ended without a word are forgotten when their time is up', async () => {
    await guard().lockForTopic();
    await runOut();
    const other = guard();
    await other.lockForTopic();
    const row = await leases.findOne({ _id: '0' });
    expect(row?.topic).toHaveLength(1);
    await runOut();
    expect(await lease().acquire()).toEqual({ epoch: 1 });
  });

  it('hear of it when somebody has taken the lease meanwhile', async () => {
    const frozen = guard();
    await frozen.lockForTopic();
    await runOut();
    await lease().acquire();
    expect(await frozen.renew()).toBe('leaseInForce');
    // It is not in the row, and takes nothing out of it.
    await frozen.release();
    expect(await lease().acquire()).toBeNull();
  });

  it('are there again when somebody has removed the row', async () => {
    const worker = guard();
    await worker.lockForTopic();
    await leases.deleteMany({});
    expect(await worker.renew()).toBe('held');
    expect(await lease().acquire()).toBeNull();
  });

  it('have a row added that continues the epoch of the checkpoint', async () => {
    await checkpoints.insertOne({ _id: '0', epoch: 7 } as never);
    const worker = guard();
    await worker.lockForTopic();
    await worker.release();
    expect(await lease().acquire()).toEqual({ epoch: 8 });
  });

  it.each([
    ['no list', 'a text'],
    ['a list of what they are not', [7, null, 'a', { until: 'z' }, { until: new Date(0) }]],
  ])('are not there where the row has %s', async (_, topic) => {
    await leases.insertOne({ _id: '0', epoch: 3, until: new Date(0), topic } as never);
    expect(await lease().acquire()).toEqual({ epoch: 4 });
    await runOut();
    await leases.updateOne({}, { $set: { topic } } as never);
    expect(await guard().lockForTopic()).toBe('held');
  });
});

describe('a lease that has run out', () => {
  it('is not renewed once workers of a topic are there', async () => {
    const holder = lease();
    const held = await holder.acquire();
    if (held === null) throw new Error('nobody has it');
    await leases.updateOne({}, { $set: { until: new Date(0) } });
    await guard().lockForTopic();
    expect(await holder.renew(held)).toBe(false);
    expect(await guard().lockForTopic()).toBe('held');
    expect(await holder.acquire()).toBeNull();
  });
});

describe('both kinds at the same instant', () => {
  it.each([
    ['on an empty database', async () => void (await leases.deleteMany({}))],
    ['when all that was before has run out', runOut],
  ])('never get what they ask for, %s', async (_, clear) => {
    const won = { lease: 0, topic: 0 };
    for (let round = 0; round < 60; round += 1) {
      await clear();
      const askLease = async () => (await lease().acquire()) !== null;
      const askTopic = async () => (await guard().lockForTopic()) === 'held';
      // Both orders, and more than one of each.
      const asking = [askLease, askTopic, askLease, askTopic];
      if (round % 2 === 1) asking.reverse();
      const answers = await Promise.all(asking.map(async (ask) => await ask()));
      const leased = answers.filter((is, index) => is && asking[index] === askLease).length;
      const locked = answers.filter((is, index) => is && asking[index] === askTopic).length;
      expect(leased).toBeLessThanOrEqual(1);
      expect(Math.min(leased, locked)).toBe(0);
      if (leased > 0) won.lease += 1;
      if (locked > 0) won.topic += 1;
    }
    expect(won.lease).toBeGreaterThan(0);
    expect(won.topic).toBeGreaterThan(0);
  });
});
