import { Binary, BSON, Decimal128, Double, Int32, Long, ObjectId, Timestamp } from 'mongodb';
import { StoredValue } from './storedValue.ts';

/**
 * How a connector prints the values in a key:
 * - default: MongoDB's connector by itself, Extended JSON v1 (`DefaultJson`)
 * - extended: with `ExtendedJson`, which is canonical
 * - simplified: with `SimplifiedJson`
 * - relaxed: Debezium
 */
export type JsonFormatter = 'default' | 'extended' | 'simplified' | 'relaxed';

/** What a number was stored as that has lost its type in JavaScript; longer ones than 32 bits are `long` in place of `int`. */
export type NumberType = 'int' | 'long' | 'double';

export interface ConnectorJson {
  readonly formatter: JsonFormatter;
  readonly numbers: NumberType;
}

/** A value as MongoDB's Java driver prints it: exact for the types that can name an SMS. */
export function toConnectorJson(value: unknown, as: ConnectorJson): string {
  if (typeof value === 'string') return quoted(value);
  if (typeof value === 'number') return printNumber(value, as);
  if (typeof value === 'boolean' || value === null) return String(value);
  if (typeof value === 'bigint') return printLong(String(value), as);
  if (Array.isArray(value))
    return `[${joined(
      value.map((each) => toConnectorJson(each, as)),
      as,
    )}]`;
  if (typeof value !== 'object') return 'null';
  if (value instanceof StoredValue) return toConnectorJson(value.decoded, as);
  if (value instanceof ObjectId) return wrapped('$oid', value.toHexString(), as);
  if (value instanceof Binary) return printBinary(value, as);
  if (value instanceof Int32) return printNumber(value.value, { ...as, numbers: 'int' });
  if (value instanceof Double) return printDouble(value.value, as);
  if (value instanceof Decimal128) return wrapped('$numberDecimal', value.toString(), as);
  // Before Long, which it extends.
  if (value instanceof Timestamp) return printOther(value, as);
  if (value instanceof Long) return printLong(value.toString(), as);
  if (value instanceof Date) return printDate(value, as);
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return printOther(value, as);
  const fields = Object.entries(value).map(
    ([name, field]) => `${quoted(name)}: ${toConnectorJson(field, as)}`,
  );
  return `{${joined(fields, as)}}`;
}

function joined(parts: readonly string[], { formatter }: ConnectorJson): string {
  return parts.join(formatter === 'relaxed' ? ',' : ', ');
}

function wrapped(name: string, text: string, { formatter }: ConnectorJson): string {
  return formatter === 'simplified' ? quoted(text) : `{"${name}": ${quoted(text)}}`;
}

const INT_MAX = 2 ** 31 - 1;

function printNumber(value: number, as: ConnectorJson): string {
  if (as.numbers === 'double' || !Number.isSafeInteger(value)) return printDouble(value, as);
  const isInt = as.numbers === 'int' && value >= -INT_MAX - 1 && value <= INT_MAX;
  if (!isInt) return printLong(String(value), as);
  return as.formatter === 'extended' ? `{"$numberInt": "${value}"}` : String(value);
}

function printLong(digits: string, { formatter }: ConnectorJson): string {
  const isTyped = formatter === 'default' || formatter === 'extended';
  return isTyped ? `{"$numberLong": "${digits}"}` : digits;
}

function printDouble(value: number, { formatter }: ConnectorJson): string {
  const isTyped = formatter === 'extended' || (formatter !== 'default' && !Number.isFinite(value));
  return isTyped ? `{"$numberDouble": "${javaDouble(value)}"}` : javaDouble(value);
}

/** As Java's `Double.toString`. */
function javaDouble(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  if (Object.is(value, -0)) return '-0.0';
  const size = Math.abs(value);
  const isPlain = size === 0 || (size >= 1e-3 && size < 1e7);
  if (isPlain) return Number.isInteger(value) ? `${value}.0` : String(value);
  const [digits = '', exponent = ''] = value.toExponential().split('e');
  return `${digits}${digits.includes('.') ? '' : '.0'}E${exponent.replace('+', '')}`;
}

function printBinary(value: Binary, as: ConnectorJson): string {
  const base64 = value.toString('base64');
  const subType = value.sub_type.toString(16).toUpperCase().padStart(2, '0');
  switch (as.formatter) {
    case 'default':
      return `{"$binary": "${base64}", "$type": "${subType}"}`;
    case 'simplified':
      return `"${base64}"`;
    case 'extended':
    case 'relaxed': {
      const fields = [`"base64": "${base64}"`, `"subType": "${subType}"`];
      return `{"$binary": {${joined(fields, as)}}}`;
    }
    default:
      return as.formatter satisfies never;
  }
}

const LAST_OF_RELAXED = Date.UTC(9999, 11, 31, 23, 59, 59, 999);

function printDate(value: Date, as: ConnectorJson): string {
  const ms = value.getTime();
  if (as.formatter === 'default') return `{"$date": ${ms}}`;
  const isTyped = as.formatter === 'extended' || !(ms >= 0 && ms <= LAST_OF_RELAXED);
  if (isTyped) return `{"$date": {"$numberLong": "${ms}"}}`;
  return wrapped('$date', value.toISOString().replace(/\.?0*Z$/, 'Z'), as);
}

/** Types by which no SMS can be named: any text will do that is always the same. */
function printOther(value: object, { formatter }: ConnectorJson): string {
  try {
    const json: unknown = BSON.EJSON.serialize(value, { relaxed: true });
    const isRelaxed = formatter === 'relaxed';
    return toConnectorJson(json, { formatter: isRelaxed ? 'relaxed' : 'default', numbers: 'int' });
  } catch {
    return 'null';
  }
}

/** What is not printed as it is, by Java's `Character.getType`: each UTF-16 unit of it is escaped. */
const escaped =
  /["\\]|[^\p{Lu}\p{Ll}\p{Lt}\p{Lo}\p{N}\p{Zs}\p{Pc}\p{Pd}\p{Ps}\p{Pe}\p{Pi}\p{Pf}\p{Po}\p{S}]|[\u{10000}-\u{10FFFF}]/gu;

const shortEscapes: Readonly<Record<string, string>> = {
  ...{ '"': '\\"', '\\': '\\\\', '\b': '\\b' },
  ...{ '\f': '\\f', '\n': '\\n', '\r': '\\r', '\t': '\\t' },
};

function quoted(text: string): string {
  if (/^[\w-]*$/.test(text)) return `"${text}"`;
  return `"${text.replace(escaped, (found) => shortEscapes[found] ?? unicodeEscape(found))}"`;
}

function unicodeEscape(text: string): string {
  return Array.from(
    { length: text.length },
    (_, at) => `\\u${text.charCodeAt(at).toString(16).padStart(4, '0')}`,
  ).join('');
}
