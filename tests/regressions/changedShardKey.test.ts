import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { UUID, type Collection, type MongoClient } from 'mongodb';
import { createMongoClient } from '../../src/mongo/connect.ts';
import { stateCollections } from '../../src/mongo/database.ts';
import { createLedger } from '../../src/mongo/ledger.ts';
import { createLookups } from '../../src/mongo/lookups.ts';
import type { Lookups } from '../../src/ports/notify.ts';
import { eachOf } from '../support/eachOf.ts';
import { createMemoryLogger } from '../support/memoryLogger.ts';
import { rememberMs } from '../support/mongoOutcomes.ts';
import { useServers } from '../support/servers.ts';
import { anEnding } from '../support/someEndings.ts';

// The key that the stream names a document by holds its shard key as it was then. By the time of the look-up another
// one may be in its place: the document was taken for deleted, and its status was never notified.
const servers = useServers(import.meta.url);
let client: MongoClient;
let sms: Collection;
let store: Lookups;
let collections = 0;

beforeAll(() => {
  client = createMongoClient(servers().mongodbUri, 'look-ups under test');
});
afterAll(async () => {
  await client.close();
});
beforeEach(() => {
  collections += 1;
  const db = client.db(servers().database);
  sms = db.collection(`sms_${collections}`);
  store = createLookups({
    sms,
    state: stateCollections(db),
    logger: createMemoryLogger(),
    signal: new AbortController().signal,
  });
});

/** Named with the account it had, beside others that are where they were. */
const keyed = (_id: unknown, accountID: number) =>
  anEnding(_id, { documentKey: { opaque: { accountID, _id } } });

describe('a document whose shard key has changed since the stream named it', () => {
  const uuid = new UUID('290a4138-5729-475f-95e1-9ff30f851d67');

  it('is looked up by its id alone', async () => {
    await sms.insertMany([
      { _id: 'stayed' as never, accountID: 28 },
      { _id: 'moved' as never, accountID: 30 },
      { _id: uuid as never, accountID: 30 },
      { _id: 'by id' as never, accountID: 31 },
    ]);
    const endings = [
      keyed('moved', 28),
      keyed('stayed', 28),
      keyed('gone', 28),
      keyed(uuid, 28),
      anEnding('by id'),
      anEnding('gone too'),
    ];
    const found = await eachOf(
      store.lookUp(
        endings.map(({ documentKey, smsKey, notificationId }) => ({
          documentKey,
          smsKey,
          notificationId,
          wants: 'document' as const,
        })),
      ),
    );
    expect(found.map(({ document }) => document?.['accountID'])).toEqual([
      30,
      28,
      undefined,
      30,
      31,
      undefined,
    ]);
  });

  it('is found when only its record is asked for', async () => {
    const notified = keyed('moved', 28);
    await createLedger(stateCollections(sms.db).sent, { rememberMs, clock: Date }).add([notified]);
    await sms.insertOne({
      _id: 'moved' as never,
      accountID: 30,
      notify_on_delivery: { state: 'x' },
    });
    const { documentKey, smsKey } = notified;
    const [found] = await eachOf(store.lookUp([{ documentKey, smsKey, wants: 'records' }]));
    expect(found?.document).toEqual({ _id: 'moved', notify_on_delivery: { state: 'x' } });
  });
});
