import { describe, expect, it } from '@jest/globals';
import { stateCollections } from '../../../src/mongo/database.ts';
import { createModeGuard } from '../../../src/mongo/modeGuard.ts';
import { isWorking, readOverview } from '../../../src/mongo/workerState.ts';
import { useServers } from '../../support/servers.ts';

const servers = useServers(import.meta.url);
const state = () => stateCollections(servers().db);

describe('the overview', () => {
  it('is empty before anything ran', async () => {
    expect(await readOverview(state())).toEqual({
      checkpoints: [],
      leases: [],
      standbys: [],
      topicWorkers: 0,
      gaps: [],
    });
  });

  it('tells who works, and until when', async () => {
    const { leases, gaps } = state();
    const until = new Date(Date.now() + 60_000);
    await leases.insertMany([
      { _id: '0', owner: 'host:1', epoch: 3, until },
      { _id: '1', owner: 'host:2', epoch: 1, until: new Date(0) },
    ]);
    const [from, to] = [new Date(1_000), new Date(2_000)];
    await gaps.insertOne({ _id: 'g', from, to, recovered: 5, unplaceable: 1 } as never);
    expect(await readOverview(state())).toMatchObject({
      leases: [
        { partition: '0', worker: 'host:1', epoch: 3, until, isHeld: true },
        { partition: '1', isHeld: false },
      ],
      gaps: [{ from, to, recovered: 5, unplaceable: 1 }],
    });
  });

  it('tells how many take statuses from a topic instead', async () => {
    await state().leases.deleteMany({});
    const guards = [1, 2].map(() => createModeGuard({ ...state(), ttlMs: 60_000 }));
    expect(isWorking(await readOverview(state()))).toBe(false);
    for (const guard of guards) await guard.lockForTopic();
    const overview = await readOverview(state());
    expect(overview).toMatchObject({
      topicWorkers: 2,
      leases: [{ partition: '0', isHeld: false }],
      standbys: [],
    });
    expect(isWorking(overview)).toBe(true);
    expect(overview.leases[0]).not.toHaveProperty('unreadable');
  });
});
