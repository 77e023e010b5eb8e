import { Buffer } from 'node:buffer';
import { notificationId, smsKey } from '../../src/domain/ids.ts';
import { buildPayload } from '../../src/domain/payload.ts';
import { parseSigningKeys } from '../../src/domain/webhook.ts';
import { attemptHeaders, ownHeaders } from '../../src/http/headers.ts';
import { createTimeZone } from '../../src/runtime/timeZone.ts';
import { sampleDocument } from '../../tests/support/seedSample.ts';

/** A call whose every part is known, for whoever verifies signatures in a language of their own. */
export interface Vector {
  readonly what: string;
  /** Whether a receiver that has `secret` must take it, by a clock that shows its time. */
  readonly genuine: boolean;
  /** In the order of the signatures. */
  readonly signedWith: readonly string[];
  readonly headers: Readonly<Record<string, string>>;
  /** As text; the bytes on the wire are its UTF-8. */
  readonly body: string;
}

export interface Vectors {
  readonly about: string;
  readonly secret: string;
  readonly vectors: readonly Vector[];
}

const secretOf = (words: string): string => `whsec_${Buffer.from(words).toString('base64')}`;
const secret = secretOf('for trying a receiver: not secret');
const olderSecret = secretOf('the one before: not secret either');
const otherSecret = secretOf('of somebody else: nor is this one');

const zone = createTimeZone('Asia/Kolkata');
const calledAt = new Date('2023-10-19T11:59:13.020+05:30');

interface Made {
  readonly what: string;
  readonly signedWith?: readonly string[];
  readonly number?: number;
  readonly startedAt?: Date;
  readonly document?: Readonly<Record<string, string>>;
}

function genuine({
  what,
  signedWith = [secret],
  number = 1,
  startedAt = calledAt,
  document: changes = {},
}: Made): Vector {
  const document = { ...sampleDocument, ...changes };
  const url = new URL('https://receiver.example/hooks');
  const body = buildPayload({ id: document._id, document, zone });
  const signingKeys = parseSigningKeys(signedWith.join(' ')) ?? [];
  const call = {
    notificationId: notificationId(smsKey(document._id) ?? '', document.deliveryStatus),
    number,
    body,
    startedAt,
    webhook: { url, headers: {}, endpointKey: url.href, signingKeys },
  };
  const headers = { ...ownHeaders('notify-on-delivery/1.0.0'), ...attemptHeaders(call) };
  return {
    what,
    genuine: true,
    signedWith,
    headers,
    body: Buffer.from(body).toString('utf8'),
  };
}

function forged(
  what: string,
  { headers = {}, body }: { readonly headers?: Record<string, string>; readonly body?: string },
): Vector {
  const call = genuine({ what });
  return {
    ...call,
    genuine: false,
    headers: { ...call.headers, ...headers },
    body: body ?? call.body,
  };
}

/** What `examples/vectors.json` holds. */
export function receiverVectors(): Vectors {
  const call = genuine({ what: 'the first attempt of a notification' });
  const signature = call.headers['webhook-signature'] ?? '';
  return {
    about:
      'Calls to verify a receiver with. All are of October 2023: set its clock, or its tolerance, accordingly. Generated; docs/receiving.md explains them.',
    secret,
    vectors: [
      call,
      genuine({
        what: 'its second attempt: another time and signature, the same id and body',
        number: 2,
        startedAt: new Date(calledAt.getTime() + 1_000),
      }),
      genuine({
        what: 'while the secret is rotated: signed with the older and the newer one',
        signedWith: [olderSecret, secret],
        document: { _id: '290a4138-0000-4000-8000-000000000001' },
      }),
      genuine({
        what: 'an id and a status with characters that webhook-id percent-encodes',
        document: { _id: 'a b/ü:1', deliveryStatus: 'NOT.DELIVERED' },
      }),
      genuine({
        what: 'a body that a parser would write in another way',
        document: {
          _id: '290a4138-0000-4000-8000-000000000002',
          text: 'quotes " and \\ and / , \u2028, \u007f, a tab \t, फोनन, 😀',
        },
      }),
      {
        ...genuine({ what: 'signed with another secret', signedWith: [otherSecret] }),
        genuine: false,
      },
      forged('another body than was signed', { body: call.body.replace('0.75', '0.76') }),
      forged('a space more at the end of the body', { body: `${call.body} ` }),
      forged('another id than was signed', {
        headers: { 'webhook-id': '290a4138-5729-475f-95e1-9ff30f851d67:FAILED' },
      }),
      forged('another time than was signed', {
        headers: { 'webhook-timestamp': String(Number(call.headers['webhook-timestamp']) + 1) },
      }),
      forged('a signature of another version', {
        headers: { 'webhook-signature': signature.replace('v1,', 'v1a,') },
      }),
      forged('a signature that is too short', {
        headers: { 'webhook-signature': signature.slice(0, -5) },
      }),
      forged('an empty signature', { headers: { 'webhook-signature': '' } }),
    ],
  };
}
