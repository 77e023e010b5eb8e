import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { residentMbOf } from '../../scripts/bench/processes.ts';
import { newSms } from '../../scripts/harness/smsPlatform.ts';
import type { WorkerProcess } from '../../scripts/harness/workerProcess.ts';
import { createAuthority, type Authority } from '../support/certificates.ts';
import { connectionsTo } from '../support/connectionsTo.ts';
import { useEndToEnd } from '../support/endToEnd.ts';
import { startHostileServers, type HostileServers } from '../support/hostileServers.ts';
import { markedFields, markedWebhook, marksIn } from '../support/marked.ts';
import { until } from '../support/until.ts';

const e2e = useEndToEnd(import.meta.url);

const GOOD_ACCOUNTS = 20;
const GOOD = 1_000;
const FIRST_HOSTILE = 1_000;

let authority: Authority;
let hostile: HostileServers;

beforeAll(async () => {
  authority = await createAuthority();
  hostile = await startHostileServers(authority);
  const { central, receiver } = e2e();
  for (let account = 0; account < GOOD_ACCOUNTS; account += 1) {
    await central.optIn(account, account, markedWebhook(receiver.url(`/good-${account}`)));
  }
  for (const [index, { url }] of hostile.all.entries()) {
    await central.optIn(FIRST_HOSTILE + index, FIRST_HOSTILE + index, markedWebhook(url));
  }
});
afterAll(async () => {
  await hostile.close();
  await authority.close();
});

async function start(): Promise<{ worker: WorkerProcess; pid: number }> {
  const worker = await e2e().worker({
    QUICK_RETRIES: '',
    RETRY_SCHEDULE: '',
    REQUEST_TIMEOUT: '10s',
    CONNECT_TIMEOUT: '5s',
    LOG_LEVEL: 'debug',
    NODE_EXTRA_CA_CERTS: authority.caPath,
  });
  return { worker, pid: (await worker.line('started'))['pid'] as number };
}

const smsOf = (account: number) =>
  newSms({ ...markedFields, accountID: account, flowId: account, deliveryStatus: 'DELIVERED' });

async function insertGood(): Promise<readonly string[]> {
  const documents = Array.from({ length: GOOD }, (_, index) => smsOf(index % GOOD_ACCOUNTS));
  await e2e().sms.insertMany(documents);
  return documents.map(({ _id }) => _id);
}

async function untilDelivered(ids: readonly string[]): Promise<void> {
  const { sms } = e2e();
  const delivered = { _id: { $in: [...ids] }, 'notify_on_delivery.state': 'delivered' };
  await until(
    'the good ones are notified',
    async () => (await sms.countDocuments(delivered)) === GOOD,
  );
}

/** A text as it is, or its digest where it would only fill a page. */
function briefly(text: string): string {
  if (text.length <= 200) return text;
  return `${text.length} characters, ${createHash('sha256').update(text).digest('hex')}`;
}

describe('hostile receivers', () => {
  it('end as what they are, beside good ones that notice nothing', async () => {
    const { receiver, record, sms } = e2e();
    const clean = await start();
    await untilDelivered(await insertGood());
    const cleanMb = (await residentMbOf(clean.pid)).peak;
    await clean.worker.stop();

    const { worker, pid } = await start();
    const documents = hostile.all.map((_, index) => smsOf(FIRST_HOSTILE + index));
    const good = insertGood();
    await sms.insertMany(documents);
    await untilDelivered(await good);
    const shown: unknown[] = [];
    for (const [index, { what, expected }] of hostile.all.entries()) {
      const found = (await record(
        documents[index]?._id ?? '',
        ({ state }) => state !== 'retrying',
      )) as Record<string, unknown>;
      const { state, reason, statusCode, error, responseTruncated, responseEncoding } = found;
      // How much of a slow body comes in time is chance.
      const text = found['response'];
      const response = typeof text === 'string' ? text.replace(/^b+$/, '') : '';
      shown.push({
        what,
        ...{ state, reason, statusCode, error, responseTruncated, responseEncoding },
        ...('response' in expected && { response: briefly(response) }),
      });
    }
    const expected = hostile.all.map(({ what, expected: each }) => ({
      what,
      ...each,
      ...('response' in each && { response: briefly(each.response ?? '') }),
    }));
    expect(shown).toEqual(expected);
    const hostileMb = (await residentMbOf(pid)).peak;
    const ports = [...hostile.ports, receiver.port];
    await until('its connections are closed', async () => (await connectionsTo(ports, pid)) === 0);
    console.log(
      `${hostile.all.length} hostile receivers: ${Math.round(hostileMb)} MB, without them ${Math.round(cleanMb)} MB`,
    );
    // On a busy machine garbage waits longer: 12 MB more on a quiet one were 78 there. Unbounded it would be hundreds.
    expect(hostileMb - cleanMb).toBeLessThanOrEqual(100);
    expect((await worker.probe('/livez'))?.status).toBe(200);
    expect((await worker.stop()).code).toBe(0);
    expect(marksIn(worker.output())).toEqual([]);
  });
});
