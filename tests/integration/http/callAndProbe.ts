/** Run as a process of its own: which authorities are trusted is acknowledged when Node starts. */
import { Buffer } from 'node:buffer';
import { probeEndpoint } from '../../../src/http/probeEndpoint.ts';
import { createWebhookSender } from '../../../src/http/webhookSender.ts';

const [, , target = '', proxy] = process.argv;
const url = new URL(target);
const egress = {
  allowedRanges: ['127.0.0.0/8', '::1'],
  proxy: proxy === undefined ? null : new URL(proxy),
};
const sender = createWebhookSender({
  requestTimeoutMs: 10_000,
  connectTimeoutMs: 5_000,
  responseLimitBytes: 100,
  maxInFlight: 1,
  connectionMaxAgeMs: 60_000,
  userAgent: 'test',
  egress,
  clock: { now: () => new Date() },
});
const webhook = {
  webhookId: 'w1',
  url,
  headers: {},
  signingKeys: [],
  displayUrl: url.href,
  endpointKey: url.href,
};
const probe = await probeEndpoint(url, { egress, connectTimeoutMs: 5_000 });
const attempt = { webhook, body: Buffer.from('{}'), notificationId: 'n', number: 1 };
const outcome = await sender.send(attempt, new AbortController().signal);
console.log(JSON.stringify({ probe, outcome }));
sender.close();
