/** The types of Kafka's protocol, as they were before its flexible versions: all numbers big-endian. */

export interface Writer {
  int8(value: number): Writer;
  int16(value: number): Writer;
  int32(value: number): Writer;
  string(value: string): Writer;
  bytes(value: Uint8Array): Writer;
  done(): Buffer;
}

export function createWriter(): Writer {
  const parts: Buffer[] = [];
  const number = (length: number, write: (buffer: Buffer) => void): Writer => {
    const buffer = Buffer.alloc(length);
    write(buffer);
    parts.push(buffer);
    return writer;
  };
  const writer: Writer = {
    int8: (value) => number(1, (buffer) => buffer.writeInt8(value)),
    int16: (value) => number(2, (buffer) => buffer.writeInt16BE(value)),
    int32: (value) => number(4, (buffer) => buffer.writeInt32BE(value)),
    string(value) {
      const text = Buffer.from(value);
      writer.int16(text.length);
      parts.push(text);
      return writer;
    },
    bytes(value) {
      writer.int32(value.length);
      parts.push(Buffer.from(value));
      return writer;
    },
    done: () => Buffer.concat(parts),
  };
  return writer;
}

/** Each throws a `RangeError` where the message has ended. */
export interface Reader {
  int8(): number;
  int16(): number;
  int32(): number;
  bigInt64(): bigint;
  string(): string | null;
  bytes(): Buffer;
  array<Item>(item: () => Item): readonly Item[];
}

export function createReader(message: Buffer): Reader {
  let at = 0;
  const take = (length: number): number => {
    if (at + length > message.length) throw new RangeError('the message is cut off');
    at += length;
    return at - length;
  };
  const slice = (length: number): Buffer => {
    const from = take(length);
    return message.subarray(from, from + length);
  };
  const reader: Reader = {
    int8: () => message.readInt8(take(1)),
    int16: () => message.readInt16BE(take(2)),
    int32: () => message.readInt32BE(take(4)),
    bigInt64: () => message.readBigInt64BE(take(8)),
    string() {
      const length = reader.int16();
      return length < 0 ? null : slice(length).toString();
    },
    bytes: () => slice(Math.max(0, reader.int32())),
    array<Item>(item: () => Item) {
      const items: Item[] = [];
      for (let left = reader.int32(); left > 0; left -= 1) items.push(item());
      return items;
    },
  };
  return reader;
}

/** The requests that are made, in the lowest versions that brokers of Kafka 4 still take; 2.0 had all of them. */
export const requests = {
  offsetFetch: { key: 9, version: 2 },
  findCoordinator: { key: 10, version: 0 },
  saslHandshake: { key: 17, version: 1 },
  describeConfigs: { key: 32, version: 1 },
  saslAuthenticate: { key: 36, version: 0 },
} as const;

export type Request = (typeof requests)[keyof typeof requests];

/** With its length before it, as it is sent. */
export function frame(
  { key, version }: Request,
  { id, clientId, body }: Readonly<{ id: number; clientId: string | null; body: Buffer }>,
): Buffer {
  const head = createWriter().int16(key).int16(version).int32(id);
  if (clientId === null) head.int16(-1);
  else head.string(clientId);
  return createWriter()
    .bytes(Buffer.concat([head.done(), body]))
    .done();
}
