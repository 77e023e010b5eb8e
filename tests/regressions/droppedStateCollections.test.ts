import { beforeAll, describe, expect, it } from '@jest/globals';
import type { Document } from 'mongodb';
import { newSms, setStatus } from '../../scripts/harness/smsPlatform.ts';
import { useEndToEnd } from '../support/endToEnd.ts';
import { until } from '../support/until.ts';

// A collection that is dropped comes back with the next row, without its indexes: rows of the ledger stayed for ever,
// and what was due was looked for in all rows.
const e2e = useEndToEnd(import.meta.url);
const names = ['retries', 'sent'] as const;
const accountID = 28;
const flowId = 200;

beforeAll(async () => {
  await e2e().central.optIn(accountID, flowId, { url: e2e().receiver.url('/hook') });
  await e2e().worker({ QUICK_RETRIES: '', RETRY_SCHEDULE: '2s,2s,2s,2s,2s,2s,2s,2s,2s,2s' });
});

/** The keys of what a collection has, with how each removes rows. */
async function indexesOf(name: (typeof names)[number]): Promise<readonly string[]> {
  const collection = e2e().servers.db.collection(`notify_on_delivery_${name}`);
  const indexes: readonly Document[] = await collection.indexes().catch(() => []);
  return indexes
    .map(({ key, expireAfterSeconds }) => JSON.stringify([key, expireAfterSeconds]))
    .sort();
}

async function tell(status: string): Promise<string> {
  const document = newSms({ accountID, flowId });
  await e2e().sms.insertOne(document);
  await setStatus(e2e().sms, document._id, status);
  return document._id;
}

describe("the worker's collections", () => {
  it.each([
    ['are dropped', async (name: string) => await e2e().servers.db.collection(name).drop()],
    [
      'lose their indexes',
      async (name: string) => await e2e().servers.db.collection(name).dropIndexes(),
    ],
  ])('have all their indexes again soon when they %s, and the work goes on', async (_, harm) => {
    const before = await until('all are there', async () => {
      const all = await Promise.all(names.map(indexesOf));
      return JSON.stringify(all.map((each) => each.length)) === '[7,4]' ? all : null;
    });
    for (const name of names) await harm(`notify_on_delivery_${name}`);
    e2e().receiver.answer('/hook', { status: 503 });
    const id = await tell('DELIVERED');
    await e2e().record(id, ({ state }) => state === 'retrying');
    await until(
      'the indexes are there again',
      async () =>
        JSON.stringify(await Promise.all(names.map(indexesOf))) === JSON.stringify(before),
      { timeoutMs: 60_000 },
    );
    e2e().receiver.answer('/hook', { status: 200 });
    expect(await e2e().record(id, ({ state }) => state === 'delivered')).toBeDefined();
  });
});
