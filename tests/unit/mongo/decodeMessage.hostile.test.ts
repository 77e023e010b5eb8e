import { Buffer } from 'node:buffer';
import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { BSON, type Document } from 'mongodb';
import type { MessageContent, TopicMessage } from '../../../src/ports/topic.ts';
import { rawDocument, rawFields, rawText, written } from '../../support/rawBson.ts';
import { undecodable } from '../../support/oddBson.ts';
import {
  aMessage,
  anUpdate,
  aSaved,
  debeziumMessage,
  decodeMessages,
  messageOf,
  values,
} from '../../support/connectorEvents.ts';

const decode = decodeMessages();
const bytes = (text: string): Buffer => Buffer.from(text);
const key = bytes('{"_id": "sms-1"}');
const update = anUpdate({ deliveryStatus: 'SENT', deliveryTime: new Date(28), n: 7 });
const real: readonly TopicMessage[] = [
  ...Object.values(values).map((value) => messageOf(update, value)),
  ...[update, aSaved('insert', { deliveryStatus: 'SENT' })].map((event) => debeziumMessage(event)),
];
const anyReal = fc.constantFrom(...real);
const inJson = (updatedFields: string): Buffer =>
  bytes(
    `{"operationType": "update", "documentKey": {"_id": "sms-1"}, "updateDescription": {"updatedFields": ${updatedFields}}}`,
  );
const nested = (value: string, levels: number): string =>
  `${'{"a": '.repeat(levels)}${value}${'}'.repeat(levels)}`;

/** Of a broken message nothing is to be believed but what its key says as well. */
function expectHarmless(content: MessageContent): void {
  const id = content.kind === 'change' ? content.change.id : 'sms-1';
  expect(id).toBe('sms-1');
}

describe('decoding what nobody has written', () => {
  it('never throws for any bytes', () => {
    const value = fc.uint8Array({ maxLength: 300 });
    fc.assert(
      fc.property(value, fc.option(value), (any, anyKey) => {
        expect(decode(aMessage({ key: anyKey, value: any })).kind).not.toBe('change');
      }),
      { numRuns: 500 },
    );
  });

  it('never throws for any JSON', () => {
    fc.assert(
      fc.property(fc.json(), fc.json(), (value, anyKey) => {
        decode(aMessage({ key: bytes(anyKey), value: bytes(value) }));
        decode(aMessage({ key, value: inJson(value) }));
      }),
      { numRuns: 500 },
    );
  });

  it('finds no other document in a message that is cut off', () => {
    fc.assert(
      fc.property(anyReal, fc.nat(), ({ value, ...message }, at) => {
        const whole = value ?? Buffer.alloc(0);
        const cut = decode({ ...message, value: whole.subarray(0, at % whole.length) });
        expect(cut.kind).toBe(at % whole.length === 0 ? 'ignored' : 'unreadable');
      }),
      { numRuns: 500 },
    );
  });

  it('finds no other document in a message with flipped bits', () => {
    const flips = fc.array(fc.tuple(fc.nat(), fc.nat({ max: 7 })), { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(anyReal, flips, ({ value, ...message }, places) => {
        const flipped = Buffer.from(value ?? []);
        for (const [at, bit] of places) {
          const place = at % flipped.length;
          flipped[place] = (flipped[place] ?? 0) ^ (1 << bit);
        }
        expectHarmless(decode({ ...message, value: flipped }));
      }),
      { numRuns: 2_000 },
    );
  });

  it('finds no other document in BSON with any lengths', () => {
    const whole = BSON.serialize(update);
    const lengths = fc.oneof(fc.integer(), fc.integer({ min: -300, max: 300 }));
    fc.assert(
      fc.property(fc.nat({ max: whole.length - 4 }), lengths, (at, length) => {
        const broken = Buffer.from(whole);
        broken.writeInt32LE(length | 0, at);
        expectHarmless(decode(aMessage({ key, value: broken })));
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('decoding what is there to hurt', () => {
  const million = 1_000_000;

  it.each([
    ['opening brackets', '['.repeat(million)],
    ['opening braces', '{"a":'.repeat(million / 5)],
    ['deep lists', `{"a": ${'['.repeat(million / 2)}${']'.repeat(million / 2)}}`],
    ['deep documents', nested('1', million / 10)],
    ['quotes', `{"a": "${'\\"'.repeat(million / 2)}`],
    ['quotes around NaN', `{"a": NaN, "${'\\"'.repeat(million / 2)}`],
    ['spaces', `{"a":${' '.repeat(million)}`],
    ['digits', `{"a": ${'9'.repeat(million)}`],
    ['JSON in JSON in JSON', JSON.stringify(JSON.stringify('"'.repeat(million / 10)))],
  ])('gives up on a million of %s', (_what, text) => {
    expect(decode(aMessage({ key, value: bytes(text) })).kind).toBe('unreadable');
    expect(decode({ ...messageOf(update), key: bytes(text) }).kind).toBe('unreadable');
    expect(decode(aMessage({ key: bytes(text) })).kind).toBe('ignored');
  });

  it('reads the status beside what is nested too deep', () => {
    const deep = nested('1', 100_000);
    const value = inJson(`{"deliveryStatus": "SENT", "deep": ${deep}}`);
    expect(decode(aMessage({ key, value }))).toMatchObject({ change: { deliveryStatus: 'SENT' } });
  });

  it('gives up on BSON that is nested too deep', () => {
    let document = written({ deliveryStatus: 'SENT' });
    for (let level = 0; level < 3_000; level += 1) document = rawDocument(['a', document]);
    const lists = Buffer.from(document.bytes);
    expect(lists.length).toBeGreaterThan(20_000);
    const described = rawDocument(['updatedFields', document]);
    const fields = [
      ['operationType', written('update')],
      ['updateDescription', described],
    ] as const;
    const content = decode(aMessage({ key, value: rawFields(...fields) }));
    expect(['unreadable', 'ignored']).toContain(content.kind);
  });

  it('takes the last of two fields of one name, as the database does', () => {
    const twice = '{"deliveryStatus": "SENT", "deliveryStatus": "DELIVERED"}';
    const fields = rawDocument(
      ['deliveryStatus', rawText(bytes('SENT'))],
      ['deliveryStatus', rawText(bytes('DELIVERED'))],
    );
    const inBson = rawFields(
      ['operationType', written('update')],
      ['documentKey', written({ _id: 'sms-1' })],
      ['updateDescription', rawDocument(['updatedFields', fields])],
    );
    for (const value of [inJson(twice), inBson]) {
      expect(decode(aMessage({ key, value }))).toMatchObject({
        change: { deliveryStatus: 'DELIVERED' },
      });
    }
  });

  it('keeps fields with the names of what every object inherits', () => {
    const names =
      '{"deliveryStatus": "SENT", "__proto__": {"a": 1}, "constructor": 2, "toString": 3}';
    for (const value of [inJson(names), messageOf(anUpdate(JSON.parse(names) as Document)).value]) {
      const content = decode(aMessage({ key, value }));
      const fields = content.kind === 'change' ? content.change.setFields : {};
      expect(Object.entries(fields)).toEqual([
        ['deliveryStatus', 'SENT'],
        ['__proto__', { a: 1 }],
        ['constructor', 2],
        ['toString', 3],
      ]);
    }
    const inherited = inJson('{"__proto__": {"deliveryStatus": "SENT"}}');
    expect(decode(aMessage({ key, value: inherited }))).toEqual({ kind: 'ignored' });
  });

  it.each([
    '{"$date": "never"}',
    '{"$date": {"$numberLong": "never"}}',
    '{"$oid": "28"}',
    '{"$numberLong": "1e400"}',
    '{"$uuid": 28}',
    '{"$binary": 28}',
    '{"_bsontype": "ObjectId"}',
    '{"_bsontype": "Odd"}',
    '{"$regularExpression": {"pattern": "x", "options": "t"}}',
    '{"a\\u0000b": 1}',
    '1e400',
    '-1e400',
    '99999999999999999999999999',
  ])('reads the status beside %s', (odd) => {
    const value = inJson(`{"deliveryStatus": "SENT", "odd": ${odd}}`);
    expect(decode(aMessage({ key, value }))).toMatchObject({ change: { deliveryStatus: 'SENT' } });
  });

  it('reads the status beside a thousand fields that can not be read', () => {
    const odd = Array.from({ length: 1_001 }, (_, n) => `"odd${n}": {"$oid": "28"}`).join();
    const time = '"deliveryTime": {"$date": 1697696720408}';
    const value = inJson(`{${odd}, "deliveryStatus": "SENT", ${time}, "text": "hello"}`);
    const content = decode(aMessage({ key, value }));
    expect(content.kind === 'change' && content.change.setFields).toEqual({
      deliveryStatus: 'SENT',
      deliveryTime: new Date(1697696720408),
    });
  });

  it('does not take a status that can not be read for none', () => {
    const value = inJson('{"deliveryStatus": {"$oid": "28"}}');
    expect(decode(aMessage({ key, value }))).toMatchObject({ change: { deliveryStatus: {} } });
  });

  it('reads the status beside what the driver refuses', () => {
    const odd = anUpdate({ deliveryStatus: 'SENT', regex: undecodable.regex() });
    expect(decode(messageOf(odd))).toMatchObject({ change: { deliveryStatus: 'SENT' } });
  });
});
