import { Buffer } from 'node:buffer';
import { describe, expect, it } from '@jest/globals';
import { BSON, Double, Int32, Long, ObjectId, UUID, type Document } from 'mongodb';
import {
  connectorKey,
  defaultKeyFormat,
  findKeyFormat,
  type KeyFormat,
} from '../../../src/mongo/connectorKey.ts';

const text = (key: Document, format?: KeyFormat): string =>
  Buffer.from(connectorKey(key, format)).toString();

describe('findKeyFormat', () => {
  const ids: readonly unknown[] = [
    'sms-1',
    28,
    new ObjectId(),
    new UUID(),
    Long.fromNumber(2 ** 40),
  ];
  const formats: readonly (readonly [string, Partial<KeyFormat>])[] = [
    ['of the connector by itself', {}],
    ['of ExtendedJson', { formatter: 'extended' }],
    ['of SimplifiedJson', { formatter: 'simplified' }],
    ['as JSON in JSON', { within: { before: '', after: '' } }],
    ['in a payload', { within: { before: '{"schema":{"type":"string"},"payload":', after: '}' } }],
    ['of Debezium', { formatter: 'relaxed', of: 'id', within: { before: '{"id":', after: '}' } }],
  ];

  it.each(formats)('tells from one key %s how the others are written', (_format, fields) => {
    const format = { ...defaultKeyFormat, ...fields };
    for (const _id of ids) {
      const found = findKeyFormat(connectorKey({ _id }, format), { _id });
      expect(found).not.toBeNull();
      const others = ids.filter((other) => typeof other === typeof _id);
      for (const other of others) {
        if (other?.constructor !== _id?.constructor) continue;
        expect(text({ _id: other }, found ?? undefined)).toBe(text({ _id: other }, format));
      }
    }
  });

  it('tells from one key what type the numbers have, which the driver does not', () => {
    for (const [id, other, expected] of [
      [new Int32(28), 29, '{"_id": 29}'],
      [Long.fromNumber(28), 29, '{"_id": {"$numberLong": "29"}}'],
      [new Double(28), 29, '{"_id": 29.0}'],
    ] as const) {
      const read = BSON.deserialize(BSON.serialize({ _id: id }));
      expect(read).toEqual({ _id: 28 });
      const format = findKeyFormat(connectorKey({ _id: id }), read);
      expect(text({ _id: other }, format ?? undefined)).toBe(expected);
    }
  });

  it.each(['', '{"_id": "sms-2"}', '{"_id": {"_data": "82"}}', 'sms-1'])(
    'finds none in %j',
    (other) => {
      expect(findKeyFormat(Buffer.from(other), { _id: 'sms-1' })).toBeNull();
    },
  );
});
