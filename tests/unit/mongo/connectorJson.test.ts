import { Buffer } from 'node:buffer';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { BSON, Double } from 'mongodb';
import { decodeKey } from '../../../src/mongo/decodeDocument.ts';
import { toConnectorJson, type JsonFormatter } from '../../../src/mongo/connectorJson.ts';

type Printed = Readonly<Record<JsonFormatter | 'bson', string>>;

/** As MongoDB's Java driver 5.5.1 prints them by the formatters of its connector 2.0.1, and as Debezium 3 asks it to. */
const file = new URL('../../support/connectorKeys.json', import.meta.url);
const printedKeys = JSON.parse(readFileSync(file, 'utf8')) as readonly Printed[];

const formatters: readonly JsonFormatter[] = ['default', 'extended', 'simplified', 'relaxed'];

describe('toConnectorJson', () => {
  it.each(printedKeys)('prints $default as the Java driver does', ({ bson, ...printed }) => {
    const typed = { promoteValues: false, bsonRegExp: true } as const;
    const key = BSON.deserialize(Buffer.from(bson, 'base64'), typed);
    const texts = formatters.map((formatter) => [
      formatter,
      toConnectorJson(key, { formatter, numbers: 'int' }),
    ]);
    expect(Object.fromEntries(texts)).toEqual(printed);
  });

  it('prints what the worker keeps of a key the same, but for the type of a number', () => {
    for (const { bson, default: printed } of printedKeys) {
      const key = decodeKey(Buffer.from(bson, 'base64'));
      const texts = (['int', 'long', 'double'] as const).map((numbers) =>
        toConnectorJson(key, { formatter: 'default', numbers }),
      );
      expect(texts).toContain(printed);
    }
  });

  it('prints any text and any number as JSON of the same', () => {
    const value = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
    );
    fc.assert(
      fc.property(value, (_id) => {
        const typed = typeof _id === 'number' ? new Double(_id) : _id;
        const json = toConnectorJson({ _id: typed }, { formatter: 'default', numbers: 'int' });
        expect(JSON.parse(json)).toEqual({ _id });
      }),
    );
  });
});
