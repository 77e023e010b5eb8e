import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import specs from '@asyncapi/specs';
import { Ajv } from 'ajv';
import * as fc from 'fast-check';
import { packageRoot } from '../../../config/packageRoot.ts';
import type { IntegerId } from '../../../src/domain/ids.ts';
import { notificationId, smsKey } from '../../../src/domain/ids.ts';
import { buildPayload } from '../../../src/domain/payload.ts';
import type { PlainDocument, PlainValue } from '../../../src/domain/plainValue.ts';
import { parseSmsDetail } from '../../../src/domain/sms.ts';
import { attemptHeaders, ownHeaders } from '../../../src/http/headers.ts';
import { createTimeZone } from '../../../src/runtime/timeZone.ts';
import {
  asyncApi,
  bodyProblems,
  headerProblems,
  notificationSchema,
  smsSchema,
} from '../../support/notificationSchema.ts';
import { sampleBody, sampleDocument } from '../../support/seedSample.ts';

const zone = createTimeZone('Asia/Kolkata');

const sent = (document: PlainDocument, id: PlainValue): unknown =>
  JSON.parse(Buffer.from(buildPayload({ id, document, zone })).toString('utf8'));

const aValue = fc.oneof(
  fc.jsonValue({ depthSize: 'small' }),
  fc.date(),
  fc.double(),
) as fc.Arbitrary<PlainValue>;
const anInteger: fc.Arbitrary<IntegerId> = fc.oneof(
  fc.maxSafeInteger(),
  fc.bigInt({ min: 2n ** 53n, max: 2n ** 63n - 1n }).map(String),
  fc.bigInt({ min: -(2n ** 63n), max: -(2n ** 53n) }).map(String),
);
const aText = fc.string({ unit: 'binary', minLength: 1 });
const anId = fc.oneof(fc.string({ unit: 'binary' }), fc.maxSafeInteger());
/** Every document that is notified, with anything in the fields that the worker does not need. */
const aDocument = fc
  .tuple(
    fc.dictionary(fc.string(), aValue),
    fc.record(
      { deliveryTime: aValue, sendTime: aValue, to: aValue, from: aValue, text: aValue },
      { requiredKeys: [] },
    ),
    fc.record({
      phononUuid: aText,
      accountID: anInteger,
      flowId: anInteger,
      deliveryStatus: aText,
    }),
  )
  .map(([any, usual, needed]): PlainDocument => ({ ...any, ...usual, ...needed }));

describe('the JSON Schema of the body', () => {
  it('takes every body that is sent', () => {
    fc.assert(
      fc.property(aDocument, anId, (document, id) => {
        expect(parseSmsDetail(document).kind).toBe('usable');
        expect(bodyProblems(sent(document, id))).toEqual([]);
      }),
    );
  });

  it("takes the requirement's sample", () => {
    expect(bodyProblems(sampleBody)).toEqual([]);
  });

  const [sms] = sampleBody.smsDetails;
  it.each<[string, unknown]>([
    ['no object', []],
    ['no phonon-uuid', { smsDetails: [sms] }],
    ['an empty phonon-uuid', { ...sampleBody, 'phonon-uuid': '' }],
    ['no SMS', { ...sampleBody, smsDetails: [] }],
    ['two SMS', { ...sampleBody, smsDetails: [sms, sms] }],
    ['an SMS that is no object', { ...sampleBody, smsDetails: ['sms'] }],
    ...['id', 'deliveryStatus', 'phononUuid', 'accountID', 'flowId'].flatMap(
      (field): [string, unknown][] => [
        [`no ${field}`, { ...sampleBody, smsDetails: [{ ...sms, [field]: undefined }] }],
        [`another ${field}`, { ...sampleBody, smsDetails: [{ ...sms, [field]: [1.5] }] }],
      ],
    ),
    ['an account of letters', { ...sampleBody, smsDetails: [{ ...sms, accountID: '28abc' }] }],
    ['half an account', { ...sampleBody, smsDetails: [{ ...sms, accountID: 28.5 }] }],
  ])('refuses %s', (_what, body) => {
    expect(bodyProblems(JSON.parse(JSON.stringify(body)))).not.toEqual([]);
  });

  it('means the same in draft 7, which is what AsyncAPI takes a schema for', () => {
    const { $schema: dialect, ...schema } = notificationSchema;
    expect(dialect).toBe('https://json-schema.org/draft/2020-12/schema');
    const draft7 = new Ajv({ strict: true, allowUnionTypes: true }).compile(schema);
    fc.assert(
      fc.property(aDocument, anId, (document, id) => {
        expect(draft7(sent(document, id))).toBe(true);
      }),
    );
    expect(draft7({ ...sampleBody, smsDetails: [] })).toBe(false);
  });

  it('has examples of the type it asks for', () => {
    const sample = sampleBody.smsDetails[0] as Readonly<Record<string, unknown>>;
    for (const [name, { examples }] of Object.entries(smsSchema.properties)) {
      const shown = (examples ?? [sample[name]]) as readonly unknown[];
      for (const example of shown) {
        const body = { ...sampleBody, smsDetails: [{ ...sample, [name]: example }] };
        expect([name, bodyProblems(body)]).toEqual([name, []]);
      }
      expect(shown).toContainEqual(sample[name]);
    }
  });
});

describe('the AsyncAPI document', () => {
  it('is one, by the schema of AsyncAPI 3.0', () => {
    const ajv = new Ajv({ meta: false, strict: false, validateFormats: false });
    const isAsyncApi = ajv.compile(specs.schemas['3.0.0'] as object);
    expect(isAsyncApi(asyncApi) ? [] : isAsyncApi.errors).toEqual([]);
    expect(isAsyncApi({ ...asyncApi, operations: { notify: { action: 'shout' } } })).toBe(false);
  });

  it('says of the body what the JSON Schema says', () => {
    const { payload } = asyncApi.components.messages['notification'] ?? {};
    expect(payload).toEqual({ $ref: './notification.schema.json' });
    expect(existsSync(join(packageRoot(), 'docs/schema/notification.schema.json'))).toBe(true);
  });

  const url = new URL('https://receiver.example/');
  const headersOf = (
    id: PlainValue,
    deliveryStatus: string,
    keys: number,
  ): Readonly<Record<string, string>> => {
    const signingKeys = Array.from({ length: keys }, (_, index) => Buffer.alloc(24, index));
    return {
      ...ownHeaders('notify-on-delivery/1.0.0'),
      ...attemptHeaders({
        notificationId: notificationId(smsKey(id) ?? '', deliveryStatus),
        number: 1,
        body: Buffer.from('{}'),
        startedAt: new Date(),
        webhook: { url, headers: {}, endpointKey: '', signingKeys },
      }),
    };
  };

  it('takes the headers of every call', () => {
    fc.assert(
      fc.property(anId, aText, fc.nat(3), (id, deliveryStatus, keys) => {
        const headers = headersOf(id, deliveryStatus, keys);
        fc.pre((headers['webhook-id'] ?? '').length <= 1024);
        expect(headerProblems(headers)).toEqual([]);
      }),
    );
  });

  it('names every header of a call, and those that may be missing', () => {
    const { properties, required = [] } = asyncApi.components.messages['notification']?.headers ?? {
      properties: {},
    };
    const called = [...Object.keys(headersOf('a', 'SENT', 1)), 'traceparent'];
    expect(Object.keys(properties).sort()).toEqual(called.sort());
    const optional = called.filter((name) => !required.includes(name));
    expect(optional).toEqual(['accept-encoding', 'traceparent', 'webhook-signature']);
    for (const [name, { examples }] of Object.entries(properties)) {
      for (const example of examples as readonly string[]) {
        expect(headerProblems({ ...headersOf('a', 'SENT', 1), [name]: example })).toEqual([]);
      }
    }
  });

  it.each([
    'webhook-id',
    'webhook-timestamp',
    'webhook-attempt',
    'webhook-signature',
    'traceparent',
  ])('refuses another %s', (name) => {
    expect(headerProblems({ ...headersOf('a', 'SENT', 1), [name]: '-' })).not.toEqual([]);
  });

  it('has the sample of a document', () => {
    expect(bodyProblems(sent(sampleDocument, sampleDocument._id))).toEqual([]);
  });
});
