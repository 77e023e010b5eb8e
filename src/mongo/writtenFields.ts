import { BSON } from 'mongodb';
import { setField } from '../domain/plainValue.ts';
import { isJsonObject, toBson } from './extendedJson.ts';
import { carriedFields } from './messageEvent.ts';

/** With an id it is the whole document. */
const lookedAt: readonly string[] = ['_id', ...carriedFields];

/**
 * What was written, in Extended JSON, as BSON: all of its fields, or only those that are taken from a message. A field
 * that can't be read is left out, and comes from the document then; but a status is kept, as one that nobody can be
 * notified of. Null and undefined are as in `MessageEvent.written`.
 */
export function writtenFields(
  json: unknown,
  which: 'all' | 'carried',
): Uint8Array | null | undefined {
  if (!isJsonObject(json)) return json === null ? null : undefined;
  const fields: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(json)) {
    if (which === 'all' || lookedAt.includes(name)) setField(fields, name, value);
  }
  return toBson(fields) ?? readable(fields);
}

/** Of more fields only those that matter are tried one by one. */
const MANY_FIELDS = 1_000;

function readable(fields: Readonly<Record<string, unknown>>): Uint8Array {
  const read: Record<string, unknown> = {};
  const names = Object.keys(fields);
  for (const name of names.length > MANY_FIELDS ? carriedFields : names) {
    if (!Object.hasOwn(fields, name)) continue;
    const value = fields[name];
    const isReadable = toBson({ [name]: value }) !== null;
    if (isReadable || name === 'deliveryStatus') setField(read, name, isReadable ? value : {});
  }
  return toBson(read) ?? BSON.serialize({});
}
