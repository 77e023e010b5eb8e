import { beforeAll, describe, expect, it } from '@jest/globals';
import type { Collection, MongoClient } from 'mongodb';
import { createCheckpointStore } from '../../../src/mongo/checkpoints.ts';
import { createMongoClient } from '../../../src/mongo/connect.ts';
import { stateCollections } from '../../../src/mongo/database.ts';
import { createEndpointStore } from '../../../src/mongo/endpoints.ts';
import { createGapStore } from '../../../src/mongo/gaps.ts';
import { createLeaseStore } from '../../../src/mongo/leases.ts';
import { preflight } from '../../../src/mongo/preflight.ts';
import { toError } from '../../../src/runtime/errors.ts';
import { aCalled } from '../../support/builders.ts';
import { readDocumentedRole } from '../../support/documentedRole.ts';
import { createMemoryLogger } from '../../support/memoryLogger.ts';
import { createGapSearch } from '../../support/mongoGaps.ts';
import { createOutcomes } from '../../support/mongoOutcomes.ts';
import { createRetries } from '../../support/mongoRetries.ts';
import { openAtEnd, quickChangeSource, readsSoFar } from '../../support/mongoStream.ts';
import { useGuardedReplicaSet, type Privilege } from '../../support/mongoUsers.ts';
import { createRecordingMetrics } from '../../support/recorders.ts';
import { anEnding } from '../../support/someEndings.ts';
import { briefLog, claimUpTo, newClaim, retryFor } from '../../support/someRetries.ts';

const guarded = useGuardedReplicaSet();
const collection = 'SMSDetailDocument';
const role = readDocumentedRole().needed;

/** Without the others the worker does its work in another way. */
function isRequired(action: string): boolean {
  return action !== 'listIndexes';
}

async function asUser<Result>(
  privileges: readonly Privilege[],
  use: (client: MongoClient) => Promise<Result>,
): Promise<Result> {
  const client = createMongoClient(await guarded().createUser(privileges), 'worker');
  try {
    return await use(client);
  } finally {
    await client.close();
  }
}

function withoutListing(): readonly Privilege[] {
  return role.map(({ actions, ...privilege }) => ({
    ...privilege,
    actions: actions.filter(isRequired),
  }));
}

async function preflightAs(privileges: readonly Privilege[]): Promise<Error | null> {
  return await asUser(privileges, async (client) => {
    const db = client.db('central');
    return await preflight(db.collection(collection), stateCollections(db)).then(
      () => null,
      toError,
    );
  });
}

describe('the role in the documentation', () => {
  beforeAll(async () => {
    expect(await preflightAs(role)).toBeNull();
    await guarded().root.db('central').collection(collection).insertOne({});
  });

  const rights = role.flatMap(({ db, collection: name, actions }) =>
    actions
      .filter(isRequired)
      .map((action) => ({ action, on: name === '' ? `database ${db}` : `${db}.${name}` })),
  );

  it('is enough, before the collections are there and after', async () => {
    expect(rights.length).toBeGreaterThan(20);
    expect(await preflightAs(role)).toBeNull();
  });

  it.each(rights)('has nothing in it that is not needed: $action on $on', async (right) => {
    const less = role.map((privilege) => {
      const { db, collection: name, actions } = privilege;
      const isIt = right.on === (name === '' ? `database ${db}` : `${db}.${name}`);
      const left = actions.filter((action) => !isIt || action !== right.action);
      return { ...privilege, actions: left };
    });
    const granted = less.filter(({ actions }) => actions.length > 0);
    expect(await preflightAs(granted)).toMatchObject({
      name: 'ConfigurationError',
      message: expect.stringContaining(`grant ${right.action} on ${right.on} (`),
    });
  });

  it('lets the worker do all it does', async () => {
    await asUser(role, doEverything);
  });

  it.each([
    ['lets it search a gap by an index', role, 'dates'],
    ['may lack the right to list indexes: it searches by `_id` then', withoutListing(), 'scan'],
  ])('%s', async (_, privileges, kind) => {
    await guarded().root.db('central').collection(collection).createIndex({ deliveryTime: 1 });
    await asUser(privileges, async (client) => {
      const search = createGapSearch(client.db('central').collection(collection));
      const kinds: (string | null)[] = [];
      await search.readAll(await search.open(), {
        afterPage: async () => void kinds.push(await search.kind()),
      });
      expect(kinds[0]).toBe(kind);
      await stateCollections(client.db('central')).gaps.deleteMany({});
    });
  });
});

async function doEverything(client: MongoClient): Promise<void> {
  const db = client.db('central');
  const state = stateCollections(db);
  const { signal } = new AbortController();
  const logger = createMemoryLogger();
  const sms = db.collection(collection);
  const leases = createLeaseStore({ ...state, owner: 'worker', ttlMs: 60_000 });
  const lease = (await leases.acquire()) ?? { epoch: 0 };
  expect(await leases.renew(lease)).toBe(true);

  const watched = { namespace: sms.namespace, collectionUuid: null };
  const holder = { owner: 'worker', ...lease };
  const checkpoints = createCheckpointStore(state.checkpoints, watched, holder);
  const position = await quickChangeSource(sms).currentPosition();
  expect(await checkpoints.save(position)).toBe('saved');
  expect(await checkpoints.load()).toEqual({ position, doubt: null });
  await readEverything(sms);

  const retries = createRetries(client, 'central');
  const claim = await newClaim(retries.store, retryFor('sms-1'));
  expect(await retries.store.beginAttempt('sms-1:DELIVERED', claim, briefLog)).toBe('begun');
  expect(await retries.store.release('sms-1:DELIVERED', claim, null, 0)).toBeInstanceOf(Date);
  const [claimed] = await claimUpTo(retries.store, 1);
  if (claimed === undefined) throw new Error('nothing was due');
  expect(await retries.store.recheck(claimed)).toMatchObject({ ended: null });

  const ends = createOutcomes(client, 'central', collection);
  await ends.store.end(anEnding('sms-1', { claim: claimed.token }));
  await ends.store.end(anEnding('sms-1'));
  expect(await retries.row('sms-1:DELIVERED')).toBeNull();

  const endpoints = createEndpointStore({
    endpoints: state.endpoints,
    logger,
    metrics: createRecordingMetrics(),
    signal,
  });
  await endpoints.disable(aCalled(), 'endpoint_gone');
  await endpoints.load();
  await searchGap(
    createGapStore({
      ...{ sms, gaps: state.gaps, marginMs: 1_000, rememberMs: 1_000, clock: Date, signal },
    }),
  );
  await leases.release(lease);
  expect([...retries.logger.lines, ...ends.logger.of('database_retry')]).toEqual([]);
}

async function readEverything(sms: Collection): Promise<void> {
  const root = guarded().root.db('central').collection(collection);
  await using stream = await openAtEnd(sms);
  await root.insertOne({ _id: 'sms-1' as never, deliveryStatus: 'DELIVERED' });
  expect(await readsSoFar(stream.handle, root)).toHaveLength(1);
}

async function searchGap(gaps: ReturnType<typeof createGapStore>): Promise<void> {
  await gaps.add(new Date(0), new Date());
  const gap = await gaps.oldest();
  if (gap === null) throw new Error('the gap is not there');
  const page = await gaps.nextPage(gap);
  await gaps.passed(gap, page, { recovered: 0, unplaceable: 0 });
  await gaps.remove(gap);
  expect(await gaps.oldest()).toBeNull();
}
