import { inspect } from 'node:util';
import type { Document } from 'mongodb';
import { parseIntegerId, type IntegerId } from '../domain/ids.ts';
import type { Metrics } from '../ports/telemetry.ts';
import type { Logger } from '../runtime/logger.ts';

export type Check = (value: unknown) => boolean;

export const isText: Check = (value) => typeof value === 'string';
export const isDate: Check = (value) => value instanceof Date && !Number.isNaN(value.getTime());
export const isCount: Check = (value) => Number.isSafeInteger(value) && Number(value) >= 0;
export const isDocument: Check = (value) =>
  typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
const isId: Check = (value) => parseIntegerId(value) !== null;
export const isNull: Check = (value) => value === null || value === undefined;
export const either =
  (...checks: readonly Check[]): Check =>
  (value) =>
    checks.some((check) => check(value));

export const listOf =
  (check: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every(check);
export const isLike =
  (shape: Shape): Check =>
  (value) =>
    problemIn(value, shape) === null;

/** What a field must be, and what an operator is shown of it: null when it is not that. */
interface Kind<Value = unknown> {
  readonly is: Check;
  /** In words. */
  readonly must: string;
  readonly show?: (value: unknown) => Value;
}

type Shape = Readonly<Record<string, Kind>>;

/** The fields of a type of rows that are checked. */
export type ShapeOf<Row> = { readonly [Name in keyof Row]?: Kind };

const whatever: Pick<Kind, 'is' | 'must'> = { is: () => true, must: 'anything' };

/** What the fields of several kinds of rows must be. */
export const kinds = {
  text: { is: isText, must: 'a text', show: textOf },
  textOrNull: { is: either(isNull, isText), must: 'a text or null', show: textOf },
  date: { is: isDate, must: 'a date', show: dateOf },
  dateOrNull: { is: either(isNull, isDate), must: 'a date or null', show: dateOf },
  count: { is: isCount, must: 'a count', show: numberOf },
  countOrNone: { is: either(isNull, isCount), must: 'a count', show: (it) => numberOf(it) ?? 0 },
  countOrNull: { is: either(isNull, isCount), must: 'a count or null', show: numberOf },
  number: { is: Number.isFinite, must: 'a number' },
  statusCode: { is: either(isNull, Number.isInteger), must: 'a number or null', show: numberOf },
  integerId: { is: isId, must: 'a number within BIGINT', show: idOf },
  integerIdOrNull: {
    is: either(isNull, isId),
    must: 'a number within BIGINT, or null',
    show: idOf,
  },
  webhookId: { is: either(isText, Number.isFinite), must: 'a number or a text', show: idOf },
  /** A row's own id, whatever it is. */
  name: { is: isText, must: 'a text', show: nameOf },
  // Of whatever is there, what can be shown.
  anyName: { ...whatever, show: nameOf },
  anyText: { ...whatever, show: textOf },
  anyNumber: { ...whatever, show: numberOf },
  anyDate: { ...whatever, show: dateOf },
  anyId: { ...whatever, show: idOf },
  flag: { ...whatever, show: (it) => it === true },
} as const satisfies Shape;

/** What is wrong with a row, in words that hold nothing of it; null when nothing is. */
export function problemIn(row: unknown, shape: Shape): string | null {
  if (!isDocument(row)) return 'it must be a document';
  for (const [name, { is, must }] of Object.entries(shape)) {
    if (!is((row as Document)[name])) return `${name} must be ${must}`;
  }
  return null;
}

/** How a row is shown to an operator: the names under which, each with the path to the field and its kind. */
type View = Readonly<Record<string, readonly [path: string, kind: Required<Kind>]>>;

/** A row as an operator is shown it: fields that are not as the worker writes them are null. */
export type Shown<V extends View> = {
  readonly [Name in keyof V]: ReturnType<V[Name][1]['show']>;
} & ShownRow;

export interface ShownRow {
  /** What is wrong with it; absent when nothing is. */
  readonly unreadable?: string;
}

/** Why a worker has put a row aside goes before what is wrong with the fields of `shape`, or those that are shown. */
export function show<V extends View>(row: Document, view: V, shape?: Shape): Shown<V> {
  const fields = Object.entries(view);
  const values = fields.map(([name, [path, kind]]) => [name, kind.show(valueAt(row, path))]);
  const checked = shape ?? Object.fromEntries(fields.map(([, [path, kind]]) => [path, kind]));
  const problem = textOf(row['unreadable']) ?? problemIn(row, checked);
  const unreadable = problem === null ? {} : { unreadable: problem };
  return { ...Object.fromEntries(values), ...unreadable } as Shown<V>;
}

function valueAt(row: Document, path: string): unknown {
  return path.split('.').reduce<unknown>((value, name) => documentOf(value)[name], row);
}

function nameOf(id: unknown): string {
  return typeof id === 'string' ? id : inspect(id, { breakLength: Infinity });
}

export function dateOf(value: unknown): Date | null {
  return isDate(value) ? (value as Date) : null;
}

export function textOf(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

/** Empty for what is none. */
export function documentOf(value: unknown): Document {
  return isDocument(value) ? (value as Document) : {};
}

function numberOf(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}

/** As it is stored: webhook ids may be any number or text. */
export function idOf(value: unknown): IntegerId | null {
  return numberOf(value) ?? textOf(value) ?? parseIntegerId(value);
}

/** A webhook's id, as an operator writes it, in all forms in which it may be stored. */
export function webhookIdsLike(webhookId: string): IntegerId[] {
  const asNumber = parseIntegerId(webhookId);
  return asNumber === null || asNumber === webhookId ? [webhookId] : [webhookId, asNumber];
}

/** The operator's run that a notification is of, as far as there is one. */
export function runOf(row: Document): { readonly run?: string } {
  const run = textOf(row['run']);
  return run === null ? {} : { run };
}

/** A row of durable state that is not as the worker writes it. */
interface UnreadableState {
  readonly collection: string;
  readonly id: unknown;
  /** What is wrong, in words that hold nothing of it. */
  readonly problem: string;
  /** What was done about it, and what is left to do. */
  readonly advice: string;
}

export type ReportUnreadable = (row: UnreadableState) => void;

/** Reported rows are remembered, up to so many: some are met every few seconds. */
const REMEMBERED_AT_MOST = 1_000;

/** Counts and logs each such row, once for as long as this process works and the same is wrong with it. */
export function createUnreadableRows({
  logger,
  metrics,
}: {
  readonly logger: Logger;
  readonly metrics: Pick<Metrics, 'rowUnreadable'>;
}): ReportUnreadable {
  const reported = new Set<string>();
  return ({ collection, id, problem, advice }) => {
    const shown = typeof id === 'string' || typeof id === 'number' ? id : inspect(id);
    const name = `${collection} ${shown} ${problem}`;
    if (reported.has(name)) return;
    if (reported.size === REMEMBERED_AT_MOST) reported.clear();
    reported.add(name);
    metrics.rowUnreadable(collection);
    logger.error('row_unreadable', { collection, id: shown, problem, advice });
  };
}

export const reportNothing: ReportUnreadable = () => undefined;
