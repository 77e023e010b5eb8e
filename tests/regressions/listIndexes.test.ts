import { beforeAll, describe, expect, it } from '@jest/globals';
import { MongoClient, type Document } from 'mongodb';
import { newSms, setStatus } from '../../scripts/harness/smsPlatform.ts';
import { stateCollections, type StateCollections } from '../../src/mongo/database.ts';
import { cliWith } from '../support/cli.ts';
import { useEndToEnd } from '../support/endToEnd.ts';
import { until } from '../support/until.ts';
import { untyped } from '../support/untyped.ts';

const e2e = useEndToEnd(import.meta.url);
const state = (): StateCollections => stateCollections(e2e().servers.db);
const at = new Date('2026-01-31T10:00:00Z');
const old = 'written-before:DELIVERED';

/** As an earlier version wrote it: without its account, and without an index to list it by. */
const oldRow: Document = {
  ...{ _id: old, sms: 'written-before', state: 'delivered', statusAt: at, endedAt: at, run: null },
  expireAt: new Date('2999-01-01T00:00:00Z'),
  record: { state: 'delivered', deliveryStatus: 'DELIVERED', statusAt: at, notificationId: old },
};

async function indexNames(): Promise<readonly string[]> {
  const indexes: readonly Document[] = await state().sent.indexes();
  return indexes.map(({ name }) => String(name)).toSorted();
}

/** Keeps each build of an index that meets this row from ending. */
async function holdBuilds(mode: 'alwaysOn' | 'off'): Promise<void> {
  const admin = new MongoClient(e2e().servers.mongodbUri);
  await admin.db('admin').command({
    configureFailPoint: 'hangIndexBuildDuringCollectionScanPhaseBeforeInsertion',
    mode,
    data: { fieldsToMatch: { _id: old } },
  });
  await admin.close();
}

beforeAll(async () => {
  await e2e().central.optIn(28, 200, { url: e2e().receiver.url('/hook') });
  await untyped(state().sent).insertOne(oldRow as { _id: string });
  await state().sent.createIndex({ expireAt: 1 }, { expireAfterSeconds: 0 });
});

// The start made all indexes, and would have waited for as long as the ledger of an earlier version takes.
describe('the indexes of list, while MongoDB is still making them', () => {
  it('keep neither the start nor a notification waiting, and check says that they are made', async () => {
    await holdBuilds('alwaysOn');
    try {
      await e2e().worker();
      const sms = newSms({ accountID: 28, flowId: 200 });
      await e2e().sms.insertOne(sms);
      await setStatus(e2e().sms, sms._id, 'DELIVERED');
      await e2e().record(sms._id, (record) => record['state'] === 'delivered');
      const check = await cliWith(e2e().settings, 'check', '--json');
      expect(check.json()['findings']).toContainEqual({
        check: 'list indexes',
        status: 'note',
        detail: expect.stringMatching(/is building the indexes/),
      });
      expect(check.code).toBe(0);
    } finally {
      await holdBuilds('off');
    }
    await until('they are there', async () => (await indexNames()).length === 4);
    const again = await cliWith(e2e().settings, 'check', '--json');
    expect(again.json()['findings']).toContainEqual({
      check: 'list indexes',
      status: 'ok',
      detail: expect.any(String),
    });
  });
});
