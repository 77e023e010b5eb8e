import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { buildPayload } from '../../../src/domain/payload.ts';
import type { PlainDocument, PlainValue } from '../../../src/domain/plainValue.ts';
import { createTimeZone } from '../../../src/runtime/timeZone.ts';
import { sampleBody, sampleDocument } from '../../support/seedSample.ts';

const zone = createTimeZone('Asia/Kolkata');

function bodyText(document: PlainDocument, id: PlainValue = 'the-id'): string {
  return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(
    buildPayload({ id, document, zone }),
  );
}

/** The text of the one SMS detail, whose `id` comes first. */
function detailText(document: PlainDocument): string {
  const text = bodyText({ phononUuid: 'u', ...document });
  const head = '{"phonon-uuid":"u","smsDetails":[{"id":"the-id","phononUuid":"u"';
  expect(text.startsWith(head)).toBe(true);
  expect(text.endsWith('}]}')).toBe(true);
  return `{${text.slice(head.length).replace(/^,/, '').slice(0, -2)}`;
}

function detailOf(document: PlainDocument, id: PlainValue = 'the-id'): PlainDocument {
  const body: { smsDetails: [PlainDocument] } = JSON.parse(bodyText(document, id));
  return body.smsDetails[0];
}

function nested(depth: number, innermost: PlainValue): PlainDocument {
  let document: PlainDocument = { innermost };
  for (let level = 1; level < depth; level += 1) {
    document = level % 2 === 0 ? { level: document } : { level: [document] };
  }
  return document;
}

describe('buildPayload', () => {
  it("is the requirement's sample, to the byte", () => {
    const text = bodyText(sampleDocument, sampleDocument['_id']);
    expect(JSON.parse(text)).toEqual(sampleBody);
    expect(text).toBe(JSON.stringify(sampleBody));
  });

  it("keeps the platform's own fields back at the top level only", () => {
    const own = { _id: 1, _class: 'C', notify_on_delivery: { state: 'delivered' } };
    expect(detailText({ ...own, inner: own })).toBe(
      '{"inner":{"_id":1,"_class":"C","notify_on_delivery":{"state":"delivered"}}}',
    );
  });

  it.each<[PlainValue, string]>([
    ['a"b', 'a"b'],
    [42, '42'],
    [-7, '-7'],
    [2 ** 60, '1152921504606846976'],
    ['507f1f77bcf86cd799439011', '507f1f77bcf86cd799439011'],
  ])('sends the _id %p as the text %p', (id, text) => {
    expect(detailOf({ phononUuid: 'u' }, id)).toStrictEqual({ id: text, phononUuid: 'u' });
  });

  it('lets no field called id take the place of the _id', () => {
    expect(detailText({ id: 'other', inner: { id: 'kept' } })).toBe('{"inner":{"id":"kept"}}');
  });

  it('writes Dates at any depth in the zone, invalid ones as null', () => {
    const date = new Date('2023-10-19T06:25:20.408Z');
    const invalid = new Date(Number.NaN);
    expect(detailText({ date, list: [date, [invalid]], inner: { date, invalid } })).toBe(
      '{"date":"2023-10-19T11:55:20.408+05:30","list":["2023-10-19T11:55:20.408+05:30",[null]],' +
        '"inner":{"date":"2023-10-19T11:55:20.408+05:30","invalid":null}}',
    );
  });

  it('writes numbers that JSON lacks as null', () => {
    const odd = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0, 1e21, 0.1];
    expect(detailText({ odd })).toBe('{"odd":[null,null,null,0,1e+21,0.1]}');
  });

  it('keeps the order of the fields, as far as JavaScript does', () => {
    expect(Object.keys(detailOf({ b: 1, phononUuid: 'u', a: 2, 10: 3, 9: 4 }))).toEqual([
      '9',
      '10',
      'id',
      'b',
      'phononUuid',
      'a',
    ]);
  });

  it('keeps fields with the names of what every object inherits, at any depth', () => {
    const text =
      '{"__proto__":{"__proto__":1,"x":[{"__proto__":null}]},"constructor":2,"toString":3,"toJSON":4}';
    expect(detailText(JSON.parse(text))).toBe(text);
  });

  it('is null where a document has no phononUuid, without looking in the prototype', () => {
    const document: PlainDocument = Object.create({ phononUuid: 'u' });
    expect(bodyText(document)).toBe('{"phonon-uuid":null,"smsDetails":[{"id":"the-id"}]}');
  });

  it.each([100, 180])('reaches to the bottom of a document nested %d deep', (depth) => {
    const date = new Date('2023-10-19T06:25:20.408Z');
    const expected = nested(depth, '2023-10-19T11:55:20.408+05:30');
    expect(detailText(nested(depth, date))).toBe(JSON.stringify(expected));
  });

  it.each([
    ['Hindi', 'फोनन में आपका स्वागत है'],
    ['Tamil', 'வணக்கம்'],
    ['Malayalam with joiners', 'ക്‍ഷ ന്‍'],
    ['Urdu', 'خوش آمدید'],
    ['emoji of several code points', '👨‍👩‍👧‍👦 🇮🇳 👍🏽'],
    ['what JSON escapes', '"\\\b\f\n\r\t\u0000\u001f/'],
    ['line separators and a byte order mark', '\u2028\u2029\uFEFF'],
  ])('sends %s byte for byte', (_what, text) => {
    expect(detailOf({ text })['text']).toBe(text);
    expect(Buffer.from(buildPayload({ id: 'i', document: { text }, zone }))).toEqual(
      Buffer.from(`{"phonon-uuid":null,"smsDetails":[{"id":"i","text":${JSON.stringify(text)}}]}`),
    );
  });

  it('sends a text of a megabyte byte for byte', () => {
    const text = 'स्वागत 😀 '.repeat(45_000);
    expect(Buffer.byteLength(text)).toBeGreaterThan(1_000_000);
    expect(detailOf({ text })['text']).toBe(text);
  });

  it('carries any JSON unchanged, in its order', () => {
    const json = fc.jsonValue({ depthSize: 'medium' });
    fc.assert(
      fc.property(fc.dictionary(fc.string({ unit: 'binary' }), json), (fields) => {
        const document: PlainDocument = JSON.parse(JSON.stringify({ zz: fields }));
        expect(detailText(document)).toBe(JSON.stringify(document));
      }),
    );
  });
});
