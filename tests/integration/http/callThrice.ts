/** Run as a process of its own: which authorities are trusted is acknowledged when Node starts. */
import { Buffer } from 'node:buffer';
import { createWebhookSender } from '../../../src/http/webhookSender.ts';

const [, , target = '', proxy] = process.argv;
const url = new URL(target);
const sender = createWebhookSender({
  requestTimeoutMs: 10_000,
  connectTimeoutMs: 5_000,
  responseLimitBytes: 100,
  maxInFlight: 1,
  connectionMaxAgeMs: 60_000,
  userAgent: 'test',
  egress: {
    allowedRanges: ['127.0.0.0/8', '::1'],
    proxy: proxy === undefined ? null : new URL(proxy),
  },
  clock: { now: () => new Date() },
});
const outcomes: unknown[] = [];
for (let number = 1; number <= 3; number += 1) {
  const webhook = {
    webhookId: 'w1',
    url,
    headers: {},
    signingKeys: [],
    displayUrl: url.href,
    endpointKey: url.href,
  };
  const attempt = { webhook, body: Buffer.from('{}'), notificationId: 'n', number };
  outcomes.push(await sender.send(attempt, new AbortController().signal));
}
console.log(JSON.stringify(outcomes));
sender.close();
