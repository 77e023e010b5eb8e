import { BSON, type Document } from 'mongodb';

export interface JsonObject {
  readonly [name: string]: unknown;
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A field of the object itself. */
export function jsonField(object: JsonObject, name: string): unknown {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}

/** A number that `JSON.parse` may change, or a text that looks like one. */
const longNumber = /[:[,]\s*-?[\d.]{14,}/;

/**
 * As `JSON.parse`, with two differences: numbers it would change become Extended JSON, and `NaN` and `Infinity`, which
 * the Java driver prints as they are in Extended JSON v1, become null. Throws for what is no JSON.
 */
export function parseJson(text: string): unknown {
  const reviver = longNumber.test(text) ? exactNumber : undefined;
  try {
    return JSON.parse(text, reviver);
  } catch (error) {
    const finite = text.replace(textOrNotFinite, (found) =>
      found.startsWith('"') ? found : 'null',
    );
    if (finite === text) throw error;
    return JSON.parse(finite, reviver);
  }
}

/** A text ends with all there is, or a broken one with many quotes would take its length squared. */
const textOrNotFinite = /"(?:[^"\\]|\\[^])*"?|-?\b(?:NaN|Infinity)\b/g;

function exactNumber(
  _name: string,
  value: unknown,
  { source = '' }: { readonly source?: string } = {},
): unknown {
  if (typeof value !== 'number' || Number.isSafeInteger(value)) return value;
  if (/[.e]/i.test(source)) return { $numberDouble: source };
  return isLong(source) ? { $numberLong: source } : value;
}

function isLong(digits: string): boolean {
  return digits.length <= 20 && BigInt.asIntN(64, BigInt(digits)) === BigInt(digits);
}

/**
 * A document in Extended JSON, of version 2 or 1, as BSON. Null if a value of it can't be read. By way of BSON every value
 * comes out as it does when the server sends it.
 */
export function toBson(json: JsonObject): Uint8Array | null {
  // Each version reads most of the other, but no binary.
  return toBsonAs(json, false) ?? toBsonAs(json, true);
}

function toBsonAs(json: JsonObject, legacy: boolean): Uint8Array | null {
  try {
    const document: Document = BSON.EJSON.deserialize(json, { relaxed: false, legacy });
    return BSON.serialize(document, { ignoreUndefined: false });
  } catch {
    return null;
  }
}

/** A date in Extended JSON of any kind; an invalid one for what is none. */
export function jsonDate(value: unknown): Date {
  const date = isJsonObject(value) ? jsonField(value, '$date') : undefined;
  if (typeof date === 'string' || typeof date === 'number') return new Date(date);
  const digits = isJsonObject(date) ? jsonField(date, '$numberLong') : undefined;
  return new Date(typeof digits === 'string' ? Number(digits) : Number.NaN);
}

/** The seconds of a timestamp in Extended JSON, as a date. */
export function jsonClusterTime(value: unknown): Date {
  const timestamp = isJsonObject(value) ? jsonField(value, '$timestamp') : undefined;
  const seconds = isJsonObject(timestamp) ? jsonField(timestamp, 't') : undefined;
  return new Date(typeof seconds === 'number' ? seconds * 1_000 : Number.NaN);
}
