import { Binary, BSONRegExp, type Document } from 'mongodb';
import { parseIntegerId } from '../domain/integerId.ts';

type Check = (value: unknown) => boolean;

export const isText: Check = (value) => typeof value === 'string';
export const isDate: Check = (value) => value instanceof Date && !Number.isNaN(value.getTime());
const isCount: Check = (value) => Number.isSafeInteger(value) && Number(value) >= 0;
export const isDocument: Check = (value) =>
  typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
const isId: Check = (value) => parseIntegerId(value) !== null;
const isNull: Check = (value) => value === null || value === undefined;
const either =
  (...checks: readonly Check[]): Check =>
  (value) =>
    checks.some((check) => check(value));
const listOf =
  (check: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every(check);

/** The fields of a document, each with what it must be. */
type Shape = Readonly<Record<string, readonly [Check, string]>>;

const pastAttempt: Shape = {
  at: [isDate, 'a date'],
  statusCode: [either(isNull, Number.isInteger), 'a number or null'],
  error: [either(isNull, isText), 'a text or null'],
  durationMs: [Number.isFinite, 'a number'],
};

/** `AttemptOutcome`, as far as what goes on from it depends on it. */
const outcome: Shape = {
  kind: [(value) => value === 'answered' || value === 'unanswered', 'answered or unanswered'],
  startedAt: [isDate, 'a date'],
  durationMs: [Number.isFinite, 'a number'],
  error: [either(isNull, isText), 'a text or null'],
};

/** `AttemptLog`; what is missing counts as none. */
const log: Shape = {
  begun: [either(isNull, isCount), 'a count'],
  firstAttemptAt: [either(isNull, isDate), 'a date or null'],
  runningSince: [either(isNull, isDate), 'a date or null'],
  last: [either(isNull, (value) => problemIn(value, outcome) === null), 'an outcome or null'],
  history: [
    either(
      (value) => value === undefined,
      listOf((value) => problemIn(value, pastAttempt) === null),
    ),
    'a list of attempts',
  ],
};

/** What a row shows while it waits. */
const shown: Shape = {
  _id: [isText, 'a text'],
  deliveryStatus: [isText, 'a text'],
  statusAt: [isDate, 'a date'],
  log: [either(isNull, (value) => problemIn(value, log) === null), 'a log of attempts'],
  webhookId: [either(isNull, isText, Number.isFinite), 'a number, a text or null'],
  url: [either(isNull, isText), 'a text or null'],
};

const undecided: Shape = {
  isStale: [(value) => typeof value === 'boolean', 'true or false'],
  lookUps: [isCount, 'a count'],
};

const whole: Shape = {
  ...shown,
  sms: [isText, 'a text'],
  documentKey: [isDocument, 'a document'],
  accountId: [isId, 'a number within BIGINT'],
  flowId: [isId, 'a number within BIGINT'],
  body: [(value) => value instanceof Binary, 'binary'],
  acceptedAt: [isDate, 'a date'],
  undecided: [
    either(isNull, (value) => problemIn(value, undecided) === null),
    'what is known, or null',
  ],
};

/** What an operator is shown of a row that waits. */
const parked: Shape = {
  ...shown,
  accountId: [isId, 'a number within BIGINT'],
  flowId: [isId, 'a number within BIGINT'],
  acceptedAt: [isDate, 'a date'],
  nextAttemptAt: [isDate, 'a date'],
};

/** What is shown of an end in the ledger. */
const end: Shape = {
  _id: [isText, 'a text'],
  state: [isText, 'a text'],
  endedAt: [isDate, 'a date'],
  expireAt: [isDate, 'a date'],
  record: [either(isNull, isDocument), 'a document or null'],
};

const endpoint: Shape = {
  _id: [isText, 'a text'],
  webhookId: [either(isText, Number.isFinite), 'a number or a text'],
  url: [either(isNull, isText), 'a text or null'],
  reason: [isText, 'a text'],
  disabledAt: [isDate, 'a date'],
};

const checkpoint: Shape = {
  _id: [isText, 'a text'],
  wallTime: [either(isNull, isDate), 'a date or null'],
  savedAt: [either(isNull, isDate), 'a date or null'],
  owner: [either(isNull, isText), 'a text or null'],
};

const lease: Shape = {
  _id: [isText, 'a text'],
  owner: [either(isNull, isText), 'a text or null'],
  epoch: [isCount, 'a count'],
  until: [isDate, 'a date'],
};

const gap: Shape = {
  _id: [isText, 'a text'],
  from: [isDate, 'a date'],
  to: [isDate, 'a date'],
  recovered: [either(isNull, isCount), 'a count'],
  unplaceable: [either(isNull, isCount), 'a count'],
};

/** What is shown of a replay or a backfill. */
const job: Shape = {
  kind: [isText, 'a text'],
  arguments: [
    (value) => isDocument(value) && Object.values(value as Document).every(isText),
    'a document of texts',
  ],
  state: [isText, 'a text'],
  counts: [
    (value) => isDocument(value) && Object.values(value as Document).every(isCount),
    'a document of counts',
  ],
  run: [isText, 'a text'],
  from: [(value) => value !== undefined && !(value instanceof BSONRegExp), 'an _id'],
  startedAt: [isDate, 'a date'],
  updatedAt: [isDate, 'a date'],
};

/** What is wrong with a row of durable state, in words that hold nothing of it; null when nothing is. */
export function rowProblem(row: Document): string | null {
  return problemIn(row, whole);
}

/** The same, of what a record is made of. */
export function shownProblem(row: Document): string | null {
  return problemIn(row, shown);
}

const listed = { parked, end, endpoint, checkpoint, lease, gap, job } as const;

/** The same, of what an operator is shown of a row of this kind. */
export function listedProblem(kind: keyof typeof listed, row: Document): string | null {
  return problemIn(row, listed[kind]);
}

function problemIn(value: unknown, shape: Shape): string | null {
  if (!isDocument(value)) return 'it must be a document';
  const document = value as Document;
  for (const [name, [check, kind]] of Object.entries(shape)) {
    if (!check(document[name])) return `${name} must be ${kind}`;
  }
  return null;
}
