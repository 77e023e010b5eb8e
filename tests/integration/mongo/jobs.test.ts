import { beforeEach, describe, expect, it } from '@jest/globals';
import { MinKey } from 'mongodb';
import { stateCollections } from '../../../src/mongo/database.ts';
import { createJobStore, type JobOrder } from '../../../src/mongo/jobs.ts';
import { useServers } from '../../support/servers.ts';

const servers = useServers(import.meta.url);
const jobs = () => stateCollections(servers().db).jobs;
const order: JobOrder = { kind: 'replay', arguments: { since: 'a', until: 'b' } };

beforeEach(async () => {
  await jobs().deleteMany({});
});

async function begin(store = createJobStore(jobs()), which = order) {
  const held = await store.begin(which);
  if (held === null) throw new Error('somebody else has it');
  return { store, held };
}

describe('a job', () => {
  it('begins at the beginning, with a run of its own', async () => {
    const { held } = await begin();
    expect(held).toMatchObject({ isResumed: false, counts: {}, from: expect.any(MinKey) });
    const other = await begin(undefined, { ...order, arguments: { since: 'a', until: 'c' } });
    expect(other.held.run).not.toBe(held.run);
  });

  it("is one process' at a time, whatever the order of its arguments", async () => {
    await begin();
    const same = { kind: 'replay', arguments: { until: 'b', since: 'a' } } as const;
    expect(await createJobStore(jobs()).begin(same)).toBeNull();
  });

  it('goes on where it was interrupted, as the same run', async () => {
    const { store, held } = await begin();
    expect(await store.save(held, { from: 'sms-7', counts: { queued: 7 }, total: 9 })).toBe(true);
    await store.end(held, 'interrupted');
    const again = await begin();
    const place = { from: 'sms-7', counts: { queued: 7 }, total: 9 };
    expect(again.held).toEqual({ ...held, isResumed: true, ...place });
  });

  it('goes on without a total that an earlier version has not stored', async () => {
    const { store, held } = await begin();
    await jobs().updateOne({ _id: held.id }, { $unset: { total: true } });
    expect(await store.find(held.id)).toMatchObject({ total: null });
    await store.end(held, 'interrupted');
    const again = await begin();
    expect(again.held).toMatchObject({ isResumed: true, total: null });
  });

  it('begins anew once it was finished', async () => {
    const { store, held } = await begin();
    await store.save(held, { from: 'sms-7', counts: { queued: 7 }, total: 9 });
    await store.end(held, 'finished');
    const again = await begin();
    const anew = { isResumed: false, counts: {}, total: null, from: expect.any(MinKey) };
    expect(again.held).toMatchObject(anew);
    expect(again.held.run).not.toBe(held.run);
  });

  it('passes to another process when its own has not been heard of, and is lost to the first', async () => {
    const { store, held } = await begin();
    await jobs().updateOne(
      { _id: held.id },
      { $set: { updatedAt: new Date(Date.now() - 31_000) } },
    );
    const other = await begin();
    expect(other.held).toMatchObject({ run: held.run, isResumed: true });
    expect(await store.save(held, { from: 1, counts: {}, total: null })).toBe(false);
    await store.end(held, 'finished');
    expect(await jobs().findOne({ _id: held.id })).toMatchObject({ state: 'running' });
  });

  it('is listed, the latest first', async () => {
    const { store, held } = await begin();
    await begin(undefined, { kind: 'backfill', arguments: { since: 'x' } });
    await store.save(held, { from: 1, counts: { queued: 3 }, total: 5 });
    expect(await store.latest(10)).toMatchObject([
      { kind: 'replay', state: 'running', counts: { queued: 3 }, total: 5 },
      { kind: 'backfill', state: 'running', counts: {}, total: null },
    ]);
    expect(await store.latest(1)).toHaveLength(1);
  });
});
