import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { newSms } from '../../scripts/harness/smsPlatform.ts';
import { useEndToEnd } from '../support/endToEnd.ts';
import { until } from '../support/until.ts';

const e2e = useEndToEnd(import.meta.url);

const MB = 1024 * 1024;
const ENDPOINTS = 8;
/** With LONG_TESTS=1 each endpoint is called so often that all 256 calls are in progress for a while. */
const COUNT = process.env['LONG_TESTS'] === '1' ? 1_200 : 400;
/** What the answers of calls in progress alone took before they shared room: 1,214 MB. */
const FAR_BELOW_MB = 500;

let receiver: Server;
let answered = 0;

beforeAll(async () => {
  const answer = Buffer.alloc(MB - 1, 'x');
  receiver = createServer((request, response) => {
    request.resume().once('end', () => {
      answered += 1;
      response.writeHead(200, { 'content-length': answer.length }).end(answer);
    });
  }).listen(0, '127.0.0.1');
  await once(receiver, 'listening');
  const { port } = receiver.address() as AddressInfo;
  for (let account = 1; account <= ENDPOINTS; account += 1) {
    const url = `http://127.0.0.1:${port}/${account}`;
    await e2e().central.optIn(account, 1_000 + account, { url });
  }
});
afterAll(() => {
  receiver.close();
});

it('answers of 1 MB to hundreds of calls at once are all recorded, and never held together', async () => {
  const worker = e2e().startWorker({
    RESPONSE_LIMIT: String(MB),
    MAX_IN_FLIGHT_PER_ENDPOINT: '32',
  });
  const { pid } = await worker.line('started');
  await until('the stream is open', async () => (await worker.line('stream_opened')) !== null);
  const all = Array.from({ length: COUNT }, (_, index) => {
    const account = 1 + (index % ENDPOINTS);
    return newSms({ accountID: account, flowId: 1_000 + account, deliveryStatus: 'DELIVERED' });
  });
  await e2e().sms.insertMany(all);
  const delivered = { 'notify_on_delivery.state': 'delivered' };
  await until(
    'all are delivered',
    async () => (await e2e().sms.countDocuments(delivered)) === COUNT,
    { timeoutMs: 240_000, intervalMs: 250 },
  );
  const status = await readFile(`/proc/${String(pid)}/status`, 'utf8');
  const peak = Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]) / 1_024;
  const cut = await e2e().sms.countDocuments({ 'notify_on_delivery.responseTruncated': true });
  console.log(`${COUNT} answers of 1 MB: ${peak.toFixed(0)} MB at most; ${cut} were cut`);
  expect(answered).toBe(COUNT);
  expect(peak).toBeLessThan(FAR_BELOW_MB);
}, 300_000);
