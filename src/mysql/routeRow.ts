import type { RouteRow } from '../domain/route.ts';
import type { MysqlResult } from './connect.ts';
import { RouteQueryError } from './errors.ts';

const columnNames = [
  'notify_on_delivery',
  'flow_webhook_enabled',
  'webhook_id',
  'url',
  'headers',
  'secret',
] as const;
type ColumnName = (typeof columnNames)[number];

/** Throws, naming them, for columns the route query must return and does not. */
export function requireColumns({ columns }: MysqlResult, file: string): void {
  const missing = columnNames.filter((name) => indexOf(columns, name) === -1);
  if (missing.length === 0) return;
  const names = `${missing.length === 1 ? 'column' : 'columns'} ${missing.join(', ')}`;
  throw new RouteQueryError('schema', 'COLUMN_MISSING', `${file} does not return the ${names}`);
}

export function requireAtMostOneRow({ rows }: MysqlResult, file: string): void {
  if (rows.length > 1) throw rowError(`${file} must return at most one row, but returns more`);
}

/** The answer's row, or null when there is none. Throws for several rows and for values of a wrong type. */
export function readRouteRow(result: MysqlResult, file: string): RouteRow | null {
  requireColumns(result, file);
  requireAtMostOneRow(result, file);
  const [row] = result.rows;
  if (row === undefined) return null;
  const read = <Value>(name: ColumnName, reading: Reading<Value>): Value => {
    const value = row[indexOf(result.columns, name)] ?? null;
    const parsed = reading.parse(value);
    if (parsed !== undefined) return parsed;
    throw rowError(`${file}: ${name} must be ${reading.expected}, but is ${describe(value)}`);
  };
  return {
    notifyOnDelivery: read('notify_on_delivery', text),
    flowWebhookEnabled: read('flow_webhook_enabled', flag),
    webhookId: read('webhook_id', id),
    url: read('url', text),
    headers: read('headers', text),
    secret: read('secret', text),
  };
}

interface Reading<Value> {
  readonly expected: string;
  /** Undefined for what is not expected. */
  parse(value: unknown): Value | undefined;
}

const text: Reading<string | null> = {
  expected: 'text or null',
  parse(value) {
    if (value === null || typeof value === 'string') return value;
    return Buffer.isBuffer(value) ? decodeUtf8(value) : undefined;
  },
};

/** Null for anything but text. */
export function readText(value: unknown): string | null {
  return text.parse(value) ?? null;
}

/** By type, 1 is a number, digits (DECIMAL, text, BIGINT as the URI may ask for) or a byte (BIT). */
const flag: Reading<boolean> = {
  expected: '0, 1 or null',
  parse(value) {
    const plain = Buffer.isBuffer(value) && value.length === 1 ? value[0] : value;
    if (plain === null || plain === 0 || plain === '0' || plain === false) return false;
    return plain === 1 || plain === '1' || plain === true ? true : undefined;
  },
};

const id: Reading<number | string | null> = {
  expected: 'an integer, text or null',
  parse(value) {
    if (typeof value === 'number') return Number.isSafeInteger(value) ? value : undefined;
    const plain = text.parse(value);
    return plain === '' ? undefined : plain;
  },
};

function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** SQL's names have no case. */
function indexOf(columns: readonly string[], name: ColumnName): number {
  return columns.findIndex((column) => column.toLowerCase() === name);
}

/** A value's type, never the value: it may be a secret. */
function describe(value: unknown): string {
  if (value === '') return 'an empty text';
  if (Buffer.isBuffer(value)) return 'binary';
  if (value instanceof Date) return 'a date';
  return typeof value === 'string' ? 'other text' : `another ${typeof value}`;
}

function rowError(message: string): RouteQueryError {
  return new RouteQueryError('key', 'ROW_INVALID', message);
}
