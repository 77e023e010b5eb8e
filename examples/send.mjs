#!/usr/bin/env node
/**
 * Calls a receiver as the platform's worker does, so that it can be tried without the platform. Needs Node 18 or newer,
 * and nothing else. Exits with 0 if every answer was as expected, with 1 if one was not, with 2 if misused.
 */
import { createHmac, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';

const usage = `Usage: node send.mjs <url> [options]

  --secret <whsec_…>     signs the calls; also tries whether forged ones are refused
  --header <'Name: v'>   a header of the webhook's own; can be repeated
  --vectors <file>       sends the calls of vectors.json instead, which are of 2023:
                         for receivers whose tolerance is set accordingly

A user name and a password in the URL are sent as Basic authentication.
`;

/** As long as the platform waits by default. */
const TIMEOUT_MS = 15_000;

const took = {
  expected: '2xx',
  isAsExpected: (status) => status >= 200 && status < 300,
};
const refused = {
  expected: '4xx',
  isAsExpected: (status) => status >= 400 && status < 500,
};

function sign(secret, { id, timestamp, body }) {
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  const signed = `${id}.${timestamp}.${body}`;
  return `v1,${createHmac('sha256', key).update(signed).digest('base64')}`;
}

/** ISO 8601 with milliseconds and an offset, as the platform writes times. */
const timeText = (ms) => new Date(ms + 19_800_000).toISOString().replace('Z', '+05:30');

/** Its times are left out where `deliveryTime` is null. */
function notification({ smsId, deliveryStatus, deliveryTime }) {
  const phononUuid = randomUUID();
  const sms = {
    id: smsId,
    attemptDetail: `${phononUuid}##1`,
    phononUuid,
    flowId: 200,
    accountID: 28,
    length: 46,
    cost: {
      currency: { currencyID: 1, currencyName: 'INR' },
      amount: 0.75,
      serviceCategory: '53',
      serviceChargeType: 'Unit',
      smsUnit: 1,
    },
    nonEnglishChars: true,
    smsType: 'NORMAL',
    text: 'फोनन में आपका स्वागत है। This SMS is a test.',
    to: '919999999999',
    from: 'PHONON',
    deliveryStatus,
    ...(deliveryTime === null ? {} : { deliveryTime: timeText(deliveryTime) }),
  };
  const body = JSON.stringify({ 'phonon-uuid': phononUuid, smsDetails: [sms] });
  return { id: `${smsId}:${deliveryStatus}`, body };
}

/** One attempt. `signedAs` is what the signature covers, where that is to differ from what is sent. */
function attempt({ id, body }, { secret, number = 1, timestamp, signedAs = {} }) {
  const at = timestamp ?? Math.floor(Date.now() / 1000);
  const headers = {
    'webhook-id': id,
    'webhook-timestamp': String(at),
    'webhook-attempt': String(number),
  };
  if (secret !== undefined) {
    headers['webhook-signature'] = sign(secret, { id, timestamp: at, body, ...signedAs });
  }
  return { headers, body };
}

/** What is sent, in order, and how a receiver should answer. */
function stepsFor(secret) {
  const now = Date.now();
  const genuine = { secret };
  const of = (deliveryStatus, deliveryTime, smsId = `test-${randomUUID()}`) =>
    notification({ smsId, deliveryStatus, deliveryTime });
  const [sample, late, untimed, forged] = [
    of('DELIVERED', now),
    `test-${randomUUID()}`,
    `test-${randomUUID()}`,
    of('DELIVERED', now),
  ];
  const steps = [
    { what: 'a delivery status', call: attempt(sample, genuine), ...took },
    {
      what: 'the same once more, as after a lost answer: nothing may be done twice',
      call: attempt(sample, { ...genuine, number: 2 }),
      ...took,
    },
    { what: 'DELIVERED', call: attempt(of('DELIVERED', now, late), genuine), ...took },
    {
      what: 'SENT of the same SMS, four seconds older: it must stay DELIVERED',
      call: attempt(of('SENT', now - 4_000, late), genuine),
      ...took,
    },
    {
      what: 'DELIVERED, of another',
      call: attempt(of('DELIVERED', now, untimed), genuine),
      ...took,
    },
    {
      what: 'its SENT, without a deliveryTime: it must stay DELIVERED',
      call: attempt(of('SENT', null, untimed), genuine),
      ...took,
    },
  ];
  if (secret === undefined) return steps;
  const hourAgo = Math.floor(now / 1000) - 3_600;
  const another = `whsec_${Buffer.from(randomUUID()).toString('base64')}`;
  const older = `whsec_${Buffer.from(randomUUID()).toString('base64')}`;
  const rotated = attempt(of('DELIVERED', now), genuine);
  const { 'webhook-timestamp': timestamp, 'webhook-id': id } = rotated.headers;
  const olderSignature = sign(older, { id, timestamp, body: rotated.body });
  rotated.headers['webhook-signature'] =
    `${olderSignature} ${rotated.headers['webhook-signature']}`;
  return [
    ...steps,
    {
      what: 'two signatures, the second one good: a secret is being rotated',
      call: rotated,
      ...took,
    },
    {
      what: 'a body that was changed after it was signed',
      call: attempt(forged, {
        ...genuine,
        signedAs: { body: forged.body.replace('0.75', '0.57') },
      }),
      ...refused,
    },
    { what: 'signed with another secret', call: attempt(forged, { secret: another }), ...refused },
    { what: 'not signed', call: attempt(forged, {}), ...refused },
    {
      what: 'a good signature, an hour old',
      call: attempt(forged, { ...genuine, timestamp: hourAgo }),
      ...refused,
    },
    {
      what: 'the genuine one, after all those: still processed',
      call: attempt(forged, genuine),
      ...took,
    },
  ];
}

function vectorSteps(file) {
  const { vectors } = JSON.parse(readFileSync(file, 'utf8'));
  return vectors.map(({ what, genuine, headers, body }) => ({
    what,
    call: { headers, body },
    ...(genuine ? took : refused),
  }));
}

function targetOf(text) {
  const url = new URL(text);
  const { username, password } = url;
  url.username = '';
  url.password = '';
  const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  const authorization = `Basic ${Buffer.from(credentials).toString('base64')}`;
  return { url, headers: username === '' && password === '' ? {} : { authorization } };
}

/** The status code, or why there was none. */
async function post(target, { headers, body }) {
  const own = { 'content-type': 'application/json', 'user-agent': 'notify-on-delivery/1.0.0' };
  try {
    const response = await fetch(target.url, {
      method: 'POST',
      headers: { ...own, ...headers, ...target.headers },
      body,
      redirect: 'manual',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    await response.arrayBuffer();
    return response.status;
  } catch (error) {
    return error.name === 'TimeoutError'
      ? `no answer within ${TIMEOUT_MS / 1000} seconds`
      : `no answer: ${error.cause?.message ?? error.message}`;
  }
}

function readArguments() {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        secret: { type: 'string' },
        header: { type: 'string', multiple: true },
        vectors: { type: 'string' },
      },
    });
    if (positionals.length !== 1) throw new Error('Name the URL of one receiver.');
    const target = targetOf(positionals[0]);
    for (const line of values.header ?? []) {
      const [, name, value] = /^([^:\s]+):\s*(.*)$/.exec(line) ?? [];
      if (name === undefined) throw new Error(`Write a header as 'Name: value', not '${line}'.`);
      target.headers[name.toLowerCase()] = value;
    }
    const { secret, vectors } = values;
    const steps = vectors === undefined ? stepsFor(secret) : vectorSteps(vectors);
    return { target, steps, isSigned: secret !== undefined || vectors !== undefined };
  } catch (error) {
    console.error(`${error.message}\n\n${usage}`);
    return process.exit(2);
  }
}

const { target, steps, isSigned } = readArguments();
let wrong = 0;
for (const { what, call, expected, isAsExpected } of steps) {
  const answer = await post(target, call);
  const isRight = isAsExpected(answer);
  if (!isRight) wrong += 1;
  console.log(`${isRight ? 'ok   ' : 'WRONG'}  ${what}: ${answer}, expected ${expected}`);
}
if (!isSigned) {
  console.log('Without --secret nothing was signed, and nothing forged was sent.');
}
console.log(
  wrong === 0
    ? `All ${steps.length} answers are as expected. What the receiver did with them, only its own data can show.`
    : `${wrong} of ${steps.length} answers are not as expected.`,
);
process.exitCode = wrong === 0 ? 0 : 1;
