import { Buffer } from 'node:buffer';
import { connect } from 'node:net';
import { once } from 'node:events';
import { BSON, type Document } from 'mongodb';

/** A value as a server stores it, whatever the driver makes of it: what BSON calls its type, and its bytes. */
export interface RawValue {
  readonly type: number;
  readonly bytes: Buffer;
}

const int32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(value);
  return bytes;
};
const withLength = (content: Buffer): Buffer => Buffer.concat([int32(content.length + 4), content]);

/** Of one field that the driver can write. */
export function written(value: unknown): RawValue {
  const document = Buffer.from(BSON.serialize({ v: value }));
  return { type: document[4] ?? 0, bytes: document.subarray(7, -1) };
}

export function rawText(bytes: Buffer, type = 0x02): RawValue {
  return { type, bytes: Buffer.concat([int32(bytes.length + 1), bytes, Buffer.of(0)]) };
}

type Field = readonly [string | Buffer, RawValue];

/** The whole document; a name may be given as bytes. */
export function rawFields(...fields: readonly Field[]): Buffer {
  const elements = fields.map(([name, { type, bytes }]) =>
    Buffer.concat([Buffer.of(type), Buffer.from(name), Buffer.of(0), bytes]),
  );
  return withLength(Buffer.concat([...elements, Buffer.of(0)]));
}

export function rawDocument(...fields: readonly Field[]): RawValue {
  return { type: 0x03, bytes: rawFields(...fields) };
}

const beyondAll: RawValue = { type: 0x09, bytes: Buffer.from('ffffffffffffff70', 'hex') };
const pointer: RawValue = {
  type: 0x0c,
  bytes: Buffer.concat([rawText(Buffer.from('c')).bytes, Buffer.alloc(12, 7)]),
};
const scoped: RawValue = {
  type: 0x0f,
  bytes: withLength(
    Buffer.concat([rawText(Buffer.from('f')).bytes, rawFields(['_bsontype', written('Odd')])]),
  ),
};
const undefinedValue: RawValue = { type: 0x06, bytes: Buffer.alloc(0) };
const bits = (type: number, hex: string): RawValue => ({ type, bytes: Buffer.from(hex, 'hex') });

/** Ids that a server takes and the driver reads, but does not write, or not the same, or only so as other types. */
export const oddIds: readonly (readonly [string, RawValue])[] = [
  ['text that is no UTF-8', rawText(Buffer.from([0x61, 0xff, 0x62]))],
  ['a symbol that is no UTF-8', rawText(Buffer.from([0xc3]), 0x0e)],
  ['a symbol', rawText(Buffer.from('symbol'), 0x0e)],
  ['a document with a field _bsontype', rawDocument(['_bsontype', written('Odd')])],
  ['a document that calls itself an ObjectId', rawDocument(['_bsontype', written('ObjectId')])],
  [
    'a document whose fields are in an order of its own',
    rawDocument(['b', written(1)], ['1', written(2)]),
  ],
  ['a document with a field twice', rawDocument(['a', written(2)], ['a', written(1)])],
  ['a document with a name that is no UTF-8', rawDocument([Buffer.of(0xfe), written(1)])],
  ['a document with text that is no UTF-8', rawDocument(['a', rawText(Buffer.of(0xff))])],
  ['undefined in a document', rawDocument(['a', undefinedValue])],
  ['a date beyond all in a document', rawDocument(['a', beyondAll])],
  ['a regular expression in a document', rawDocument(['a', bits(0x0b, '7800736d6900')])],
  ['a date beyond all', beyondAll],
  ['a pointer', pointer],
  ['code with a scope that can not be written', scoped],
  ['binary of subtype 2 without its inner length', bits(0x05, '03000000020a0b0c')],
  ['a vector that is none', bits(0x05, '0300000009777777')],
  ['negative zero', bits(0x01, '0000000000000080')],
  ['no number, with a payload', bits(0x01, 'efcdab896745f87f')],
  ['an integer of eight bytes that four would do for', bits(0x12, '0700000000000000')],
  ['a decimal that says more than it needs', bits(0x13, '640000000000000000000000000038b0')],
];

/** Adds documents as they are, past the driver. */
export async function insertRaw(
  { host, port }: Readonly<{ host: string; port: number }>,
  { database, collection }: Readonly<{ database: string; collection: string }>,
  documents: readonly Buffer[],
): Promise<void> {
  const command = { insert: collection, $db: database, writeConcern: { w: 'majority' } };
  const sequence = Buffer.concat([Buffer.from('documents\0'), ...documents]);
  const sections = [Buffer.of(0), BSON.serialize(command), Buffer.of(1), withLength(sequence)];
  const message = Buffer.concat([int32(1), int32(0), int32(2013), int32(0), ...sections]);
  const socket = connect(port, host);
  try {
    socket.write(withLength(message));
    let answer = Buffer.alloc(0);
    while (answer.length < 4 || answer.length < answer.readInt32LE()) {
      const [chunk] = (await once(socket, 'data')) as [Buffer];
      answer = Buffer.concat([answer, chunk]);
    }
    const said: Document = BSON.deserialize(answer.subarray(21));
    if (said['ok'] !== 1 || said['writeErrors'] !== undefined) {
      throw new Error(`the server refused them: ${JSON.stringify(said)}`);
    }
  } finally {
    socket.destroy();
  }
}
