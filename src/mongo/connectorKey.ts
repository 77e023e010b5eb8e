import { Buffer } from 'node:buffer';
import type { Document } from 'mongodb';
import {
  toConnectorJson,
  type ConnectorJson,
  type JsonFormatter,
  type NumberType,
} from './connectorJson.ts';

/** How a connector and its converter write the keys of a topic's messages. */
export interface KeyFormat extends ConnectorJson {
  /** The text is the whole document key, as by MongoDB's connector, or the `_id` alone, as by Debezium. */
  readonly of: 'document' | 'id';
  /** It stands in JSON as a text, between these. */
  readonly within: Readonly<{ before: string; after: string }> | null;
}

/** As MongoDB's connector writes it by itself, with `output.format.key=json` and a `StringConverter`. */
export const defaultKeyFormat: KeyFormat = {
  formatter: 'default',
  numbers: 'int',
  of: 'document',
  within: null,
};

/**
 * The key of the messages about a document, byte for byte, so that its hash is that of theirs. Exact for a text, an
 * ObjectId, a number and a UUID; for anything else as good as always.
 */
export function connectorKey(key: Document, format: KeyFormat = defaultKeyFormat): Uint8Array {
  return Buffer.from(keyText(key, format));
}

function keyText(key: Document, format: KeyFormat): string {
  const text = jsonOf(key, format);
  return format.within === null
    ? text
    : `${format.within.before}${JSON.stringify(text)}${format.within.after}`;
}

function jsonOf(key: Document, { of, formatter, numbers }: Omit<KeyFormat, 'within'>): string {
  const json = toConnectorJson(key, { formatter, numbers });
  // As Debezium does it: what follows after `{"_id": `, but for the closing brace.
  return of === 'document' ? json : json.slice('{"_id": '.length, -1);
}

const numberTypes: readonly NumberType[] = ['int', 'long', 'double'];
const printed: readonly (readonly [KeyFormat['of'], JsonFormatter])[] = [
  ['document', 'default'],
  ['document', 'extended'],
  ['document', 'simplified'],
  ['id', 'relaxed'],
];
const asWritten: readonly Omit<KeyFormat, 'within'>[] = printed.flatMap(([of, formatter]) =>
  numberTypes.map((numbers) => ({ of, formatter, numbers })),
);

/**
 * The format in which this key of a message names this document: the first that gives these bytes, as several may. Null
 * if none does. A sample with an `_id` of the collection's usual type tells enough for the others.
 */
export function findKeyFormat(bytes: Uint8Array, key: Document): KeyFormat | null {
  const text = Buffer.from(bytes).toString();
  for (const format of asWritten) {
    const json = jsonOf(key, format);
    if (format.of === 'document' && text === json) return { ...format, within: null };
    const inner = JSON.stringify(json);
    const start = text.lastIndexOf(inner);
    if (start !== -1) {
      const within = { before: text.slice(0, start), after: text.slice(start + inner.length) };
      return { ...format, within };
    }
  }
  return null;
}
