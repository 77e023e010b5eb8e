import { inspect } from 'node:util';
import { beforeAll, describe, expect, it } from '@jest/globals';
import type { Document } from 'mongodb';
import { newSms } from '../../scripts/harness/smsPlatform.ts';
import { useEndToEnd } from '../support/endToEnd.ts';
import { hostileDocuments, type HostileDocument } from '../support/hostileInput.ts';
import { hostileRows } from '../support/hostileRows.ts';
import { marksIn } from '../support/marked.ts';
import { readMetrics } from '../support/readMetrics.ts';
import { settled } from '../support/settled.ts';
import { until } from '../support/until.ts';

const e2e = useEndToEnd(import.meta.url);

/** With LONG_TESTS=1 as many as a release is accepted by: of these, ten thousand can be stored. */
const COUNT = process.env['LONG_TESTS'] === '1' ? 11_500 : 1_000;
const SEED = Number(process.env['SEED'] ?? Date.now() % 1_000_000);

const accountId = (row: number): number => 28 + row;
const flowId = (row: number): number => 200_000 + row;
const pathOf = (row: number): string => `/row-${row}`;

beforeAll(async () => {
  const { central, receiver } = e2e();
  const { connection } = central;
  // As somebody's own table may be: nothing but text.
  await connection.query('ALTER TABLE Webhook MODIFY headers TEXT NULL, MODIFY url TEXT NULL');
  for (const [row, { setting, webhook, flow }] of hostileRows.entries()) {
    const account = accountId(row);
    await central.setAccount(account, setting);
    const owner = flow === 'of another' ? account + 1_000_000 : account;
    if (flow !== 'missing') await central.setFlow(flowId(row), owner, flow !== 'disabled');
    if (webhook === null) continue;
    const url = webhook.url?.replace('URL', receiver.url(pathOf(row))) ?? null;
    await connection.query(
      "INSERT INTO Webhook (accountID, name, url, headers, secret, isDefault) VALUES (?, 'default', ?, ?, ?, 1)",
      [account, url, webhook.headers ?? null, webhook.secret ?? null],
    );
  }
});

/** Those that can be stored: the server refuses some names of fields, the driver some values. */
async function insert(documents: readonly HostileDocument[]): Promise<readonly HostileDocument[]> {
  const { sms } = e2e();
  const inserting = documents.map(async (each) => {
    try {
      await sms.insertOne(each.document as never);
      return [each];
    } catch {
      return [];
    }
  });
  return (await Promise.all(inserting)).flat();
}

function endIn(document: Document | null): string | null {
  const record = document?.['notify_on_delivery'] as { state: string; reason?: string } | undefined;
  return record === undefined ? null : (record.reason ?? record.state);
}

describe('hostile documents and rows', () => {
  it('each end as they must, and stop nothing', async () => {
    const { sms, receiver, worker } = e2e();
    const settings = { QUICK_RETRIES: '', RETRY_SCHEDULE: '', LOG_LEVEL: 'debug' };
    const running = await worker(settings);
    const documents = await insert(hostileDocuments(COUNT, SEED, { accountId, flowId }));
    // Beside them, as large as a document can be.
    const large = newSms({ accountID: 28, flowId: 200_000, text: 'x'.repeat(15_500_000) });
    await sms.insertOne(large);
    await sms.updateOne({ _id: large._id }, { $set: { deliveryStatus: 'DELIVERED' } });
    console.log(`${documents.length} of ${COUNT} documents, seed ${SEED}`);
    await settled(e2e());
    const ids = documents.map(({ document }) => document['_id'] as never);
    const pending = { _id: { $in: ids as string[] }, 'notify_on_delivery.state': 'retrying' };
    await until('all have ended', async () => (await sms.countDocuments(pending)) === 0);

    const wrong: string[] = [];
    for (const { document, end } of documents) {
      const found = endIn(
        await sms.findOne(
          { _id: document['_id'] as never },
          { projection: { notify_on_delivery: 1 } },
        ),
      );
      if (found !== end) wrong.push(`${end} but ${found}: ${inspect(document, { depth: 1 })}`);
    }
    expect(wrong).toEqual([]);
    const notified = documents.filter(({ end }) => end === 'delivered').length;
    const requests = receiver.requests();
    const own = requests.filter(({ path }) => path.startsWith('/row-'));
    expect(own).toHaveLength(notified + 1);
    expect(new Set(own.map((request) => request.headers['webhook-id'])).size).toBe(own.length);
    for (const request of own) expect(request.json()).toHaveProperty('smsDetails[0].id');

    const counted = [...(await readMetrics(running))]
      .filter(([name]) => /^(?:notifications|not_notified)_total/.test(name))
      .reduce((sum, [, value]) => sum + value, 0);
    // And the large one, and the one that showed that all are acknowledged.
    expect(counted).toBe(documents.length + 2);
    expect((await running.stop()).code).toBe(0);
    expect(marksIn(running.output())).toEqual([]);
  });
});
