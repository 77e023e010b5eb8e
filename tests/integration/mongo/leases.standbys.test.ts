import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { MongoClient } from 'mongodb';
import { createMongoClient } from '../../../src/mongo/connect.ts';
import { stateCollections, type StateCollections } from '../../../src/mongo/database.ts';
import { createStandbyStore } from '../../../src/mongo/leases.ts';
import { readOverview } from '../../../src/mongo/workerState.ts';
import { useServers } from '../../support/servers.ts';

const servers = useServers(import.meta.url);
let client: MongoClient;
let state: StateCollections;

beforeAll(() => {
  client = createMongoClient(servers().mongodbUri, 'standbys under test');
  state = stateCollections(client.db(servers().database));
});
afterAll(async () => {
  await client.close();
});
beforeEach(async () => {
  await state.leases.deleteMany({});
});

async function shown(): Promise<readonly string[]> {
  return (await readOverview(state)).standbys.map(({ worker }) => worker).toSorted();
}

describe('a worker that stands by', () => {
  it('is shown beside others, of the same name too, until it does not any more', async () => {
    const [one, same, other] = ['$a:1', '$a:1', 'b:2'].map((owner) =>
      createStandbyStore(state.leases, owner),
    );
    await one?.seen();
    await same?.seen();
    await other?.seen();
    await state.leases.insertOne({ _id: '0', owner: 'c:3', epoch: 1, until: new Date(8.64e15) });
    expect(await shown()).toEqual(['$a:1', '$a:1', 'b:2']);
    await one?.left();
    await one?.left();
    expect(await shown()).toEqual(['$a:1', 'b:2']);
    await one?.seen();
    expect(await shown()).toEqual(['$a:1', '$a:1', 'b:2']);
    expect((await readOverview(state)).leases).toMatchObject([{ worker: 'c:3', isHeld: true }]);
  });

  it('asks the database once in a while', async () => {
    const standby = createStandbyStore(state.leases, 'a:1');
    await standby.seen();
    await state.leases.deleteMany({});
    await standby.seen();
    expect(await shown()).toEqual([]);
  });

  it('is not shown when it has ended without a word, and forgotten in the end', async () => {
    const ago = (ms: number): Date => new Date(Date.now() - ms);
    await state.leases.insertMany([
      { _id: 'standby gone', standby: 'gone:1', seenAt: ago(60_000) },
      { _id: 'standby old', standby: 'old:1', seenAt: ago(25 * 3_600_000) },
      { _id: 'standby odd', standby: 5, seenAt: 'never' } as never,
    ]);
    await createStandbyStore(state.leases, 'a:1').seen();
    expect(await shown()).toEqual(['a:1']);
    const left = await state.leases.find({}, { projection: { _id: 1 } }).toArray();
    expect(left.map(({ _id }) => _id)).not.toContain('standby old');
    expect(left.map(({ _id }) => _id)).toContain('standby gone');
  });

  it('is none the worse for a database that does not answer', async () => {
    const uri = 'mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=200';
    await using nowhere = createMongoClient(uri, 'nowhere');
    const standby = createStandbyStore(stateCollections(nowhere.db('central')).leases, 'a:1');
    await standby.seen();
    await standby.left();
    expect(await shown()).toEqual([]);
  });
});
