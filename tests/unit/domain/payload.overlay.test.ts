import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { overlayChange } from '../../../src/domain/payload.ts';
import type { PlainDocument } from '../../../src/domain/plainValue.ts';

const fetched: PlainDocument = {
  _id: 'a',
  cost: { amount: 0.75 },
  deliveryStatus: 'DELIVERED',
  deliveryTime: new Date('2023-10-19T06:29:12.408Z'),
  to: '919999999999',
};

function overlaid(setFields: PlainDocument, deliveryStatus = 'DELIVERED', document = fetched) {
  return overlayChange(document, { document: null, setFields, deliveryStatus });
}

/** As text, so that the order of the fields counts too. */
const text = (document: PlainDocument) => JSON.stringify(document);

function parsed(json: string): PlainDocument {
  const document: PlainDocument = JSON.parse(json);
  return document;
}

describe('overlayChange', () => {
  it("puts the event's fields in the document's places and new ones at the end", () => {
    const set = { operator: 'X', deliveryStatus: 'DELIVERED', to: '910000000000', _new: null };
    expect(text(overlaid(set))).toBe(
      text({
        _id: 'a',
        cost: { amount: 0.75 },
        deliveryStatus: 'DELIVERED',
        deliveryTime: new Date('2023-10-19T06:29:12.408Z'),
        to: '910000000000',
        operator: 'X',
        _new: null,
      }),
    );
  });

  it('leaves what the event set by a dotted path as fetched', () => {
    const set = { deliveryStatus: 'DELIVERED', 'cost.amount': 9, 'other.path': 1 };
    expect(text(overlaid(set))).toBe(text(fetched));
  });

  it("replaces whole subdocuments, since that is what the event's top-level field was", () => {
    expect(overlaid({ cost: { unit: 1 } })['cost']).toEqual({ unit: 1 });
  });

  it("leaves out another status' deliveryTime", () => {
    expect(text(overlaid({ deliveryStatus: 'SENT' }, 'SENT'))).toBe(
      text({
        _id: 'a',
        cost: { amount: 0.75 },
        deliveryStatus: 'SENT',
        to: '919999999999',
      }),
    );
  });

  it('sends the deliveryTime the event set, whatever status the document shows', () => {
    const deliveryTime = new Date('2023-10-19T06:25:00.000Z');
    const result = overlaid({ deliveryStatus: 'SENT', deliveryTime }, 'SENT');
    expect(result['deliveryTime']).toBe(deliveryTime);
    expect(Object.keys(result)).toEqual(Object.keys(fetched));
  });

  it('sends a deliveryTime the event set to null as null', () => {
    const result = overlaid({ deliveryStatus: 'SENT', deliveryTime: null }, 'SENT');
    expect(result['deliveryTime']).toBeNull();
  });

  it('sends a deliveryTime that the event set and a later write removed', () => {
    const result = overlaid({ deliveryStatus: 'SENT', deliveryTime: 'x' }, 'SENT', { _id: 'a' });
    expect(text(result)).toBe(text({ _id: 'a', deliveryStatus: 'SENT', deliveryTime: 'x' }));
  });

  it('takes a missing or odd status in the document for another one', () => {
    for (const deliveryStatus of [null, 7, ['SENT'], new Date(0)]) {
      const document = { deliveryStatus, deliveryTime: 'x' };
      expect(text(overlaid({ deliveryStatus: 'SENT' }, 'SENT', document))).toBe(
        text({
          deliveryStatus: 'SENT',
        }),
      );
    }
    const set = { deliveryStatus: 'SENT' };
    expect(text(overlaid(set, 'SENT', { deliveryTime: 'x' }))).toBe(text(set));
  });

  it('lays nothing over a document that the change brought whole', () => {
    const change = { document: fetched, setFields: {}, deliveryStatus: 'SENT' };
    expect(overlayChange(fetched, change)).toBe(fetched);
  });

  it('keeps fields with the names of what every object inherits', () => {
    const document = parsed(
      '{"__proto__":{"deliveryStatus":"SENT"},"constructor":1,"toString":2,"valueOf":3}',
    );
    const set = parsed('{"deliveryStatus":"SENT","toString":9,"hasOwnProperty":1}');
    expect(text(overlaid(set, 'SENT', document))).toBe(
      '{"__proto__":{"deliveryStatus":"SENT"},"constructor":1,"toString":9,"valueOf":3,' +
        '"deliveryStatus":"SENT","hasOwnProperty":1}',
    );
    const newProto = parsed('{"__proto__":5,"deliveryStatus":"SENT"}');
    expect(text(overlaid(newProto, 'SENT', {}))).toBe(text(newProto));
  });

  it('changes neither argument', () => {
    const set = Object.freeze({ deliveryStatus: 'SENT', more: 1 });
    expect(() => overlaid(set, 'SENT', Object.freeze({ ...fetched }))).not.toThrow();
  });

  it('makes, at the same status, what a spread of the undotted fields makes', () => {
    const documents = fc.dictionary(fc.string(), fc.integer());
    fc.assert(
      fc.property(documents, documents, (document, set) => {
        const same = { ...document, deliveryStatus: 'SENT' };
        const undotted = Object.entries(set).filter(([name]) => !name.includes('.'));
        expect(text(overlaid(set, 'SENT', same))).toBe(
          text({ ...same, ...Object.fromEntries(undotted) }),
        );
      }),
    );
  });
});
