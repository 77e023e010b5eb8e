/**
 * A receiver with Express. Run it with `npm install && WEBHOOK_SECRET=whsec_… node receiver.mjs`.
 *
 * WEBHOOK_SECRET may hold several secrets, separated by spaces. WEBHOOK_TOLERANCE is in seconds, 300 by default.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import express from 'express';

const secrets = (process.env.WEBHOOK_SECRET ?? '').split(' ').filter((secret) => secret !== '');
if (secrets.length === 0) throw new Error('Set WEBHOOK_SECRET: without it, anyone could call.');
const toleranceSeconds = Number(process.env.WEBHOOK_TOLERANCE ?? 300);

/** `body` as the raw bytes. */
function isGenuine(headers, body) {
  const id = headers['webhook-id'] ?? '';
  const timestamp = headers['webhook-timestamp'] ?? '';
  if (!/^\d{1,12}$/.test(timestamp)) return false;
  if (Math.abs(Date.now() / 1000 - Number(timestamp)) > toleranceSeconds) return false;
  const given = (headers['webhook-signature'] ?? '').split(' ').map((each) => Buffer.from(each));
  return secrets.some((secret) => {
    const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
    const hmac = createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body);
    const expected = Buffer.from(`v1,${hmac.digest('base64')}`);
    return given.some((each) => each.length === expected.length && timingSafeEqual(each, expected));
  });
}

/**
 * In memory, for brevity. Use a table with a unique index on the webhook-id, and store the body in the same statement:
 * once you have answered, nobody sends it again. Forget an id after three days.
 */
const inbox = new Map();

/** By SMS: the newest status. */
const statuses = new Map();

function isOlder(next, known) {
  const [nextTime, knownTime] = [Date.parse(next.deliveryTime), Date.parse(known.deliveryTime)];
  if (Number.isNaN(nextTime) || Number.isNaN(knownTime))
    return known.deliveryStatus === 'DELIVERED';
  return nextTime < knownTime;
}

/** Your own work: it runs after the answer. */
function processStatus(id) {
  const sms = JSON.parse(inbox.get(id)).smsDetails[0];
  const known = statuses.get(sms.id);
  if (known !== undefined && isOlder(sms, known)) {
    console.log(`older ${sms.id} ${sms.deliveryStatus}`);
    return;
  }
  statuses.set(sms.id, sms);
  console.log(`status ${sms.id} ${sms.deliveryStatus}`);
}

const app = express();
// The raw bytes: what a parser writes again has another signature.
app.post('/hooks', express.raw({ type: () => true, limit: '20mb' }), (request, response) => {
  const id = request.headers['webhook-id'];
  const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
  if (id === undefined) {
    // The platform's own call, when a flow is complete. It proves nothing about its sender.
    console.log('flow complete');
    response.status(204).end();
    return;
  }
  if (!isGenuine(request.headers, body)) {
    response.status(401).end();
    return;
  }
  if (inbox.has(id)) {
    console.log(`repeat ${id}`);
  } else {
    inbox.set(id, body);
    setImmediate(processStatus, id);
  }
  response.status(204).end();
});
const server = app.listen(Number(process.env.PORT ?? 3000), '127.0.0.1', () => {
  console.log(`listening on port ${server.address().port}`);
});
