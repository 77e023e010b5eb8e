import { Binary, type Collection, type Document } from 'mongodb';
import {
  noAttempts,
  type AttemptLog,
  type AttemptOutcome,
  type PastAttempt,
} from '../domain/attempt.ts';
import type { IntegerId } from '../domain/ids.ts';
import type { ShownRecord } from '../domain/notification.ts';
import { weightOfLog } from '../domain/weight.ts';
import {
  NO_ENDPOINT,
  type AwaitingRoute,
  type NewRetry,
  type Retry,
  type RetryUpdate,
} from '../ports/retries.ts';
import { freeze, thaw } from './frozenBody.ts';
import {
  either,
  isDocument,
  isLike,
  isNull,
  isText,
  kinds,
  listOf,
  problemIn,
  runOf,
  type ShapeOf,
} from './storedRow.ts';

/** Where a row leads. */
interface EndpointFields {
  /** Null while that is not known. */
  readonly webhookId: IntegerId | null;
  readonly url: string | null;
  /** The endpoint's key, or `NO_ENDPOINT`. */
  readonly endpoint: string;
}

/** What a row says of the attempts. */
interface LogFields {
  readonly attempts: number;
  readonly log: AttemptLog;
  /** About what the log takes in memory. */
  readonly logBytes: number;
}

/** One notification in durable state. */
export interface RetryRow extends EndpointFields, LogFields {
  readonly _id: string;
  readonly sms: string;
  readonly documentKey: unknown;
  readonly deliveryStatus: string;
  readonly statusAt: Date;
  readonly accountId: IntegerId;
  readonly flowId: IntegerId;
  /** Compressed. */
  readonly body: Binary;
  /** What it takes in memory. */
  readonly bodyBytes: number;
  readonly acceptedAt: Date;
  readonly run: string | null;
  /** What its document showed when the row was new. Missing where that was anything else. */
  readonly showsNone?: boolean;
  readonly showsOwn?: boolean;
  readonly undecided: AwaitingRoute | null;
  /** Missing where nothing is traced. */
  readonly firstTrace?: string;
  /** When it is due, or how long its claim holds, by the server's clock. */
  readonly nextAttemptAt: Date;
  /** `by` is for people. */
  readonly claim?: Readonly<{ by: string; token: string }>;
  /** The token of the claim that was released last. */
  readonly released?: string;
  /** Why it was put aside. */
  readonly unreadable?: string;
  /** Of the topic: whoever has it serves the row. Missing under the lease, and until the row is placed. */
  readonly partition?: number;
  /** Of the SMS' key in the topic; its remainder by the count of partitions is `partition`. */
  readonly keyHash?: number;
}

/** One to be added; without `acceptedAt` it is accepted when it is. */
export type NewRow = Omit<RetryRow, 'acceptedAt' | 'nextAttemptAt'> &
  Partial<Pick<RetryRow, 'acceptedAt'>>;

export type RetryRows = Collection<RetryRow>;

/** The search for rows that are due goes by it. */
export const dueIndex = { endpoint: 1, nextAttemptAt: 1 } as const;

/** What waits, by the time of its status; what else a list asks of it is in the index, too. */
export const waitingIndex = { statusAt: 1, accountId: 1, webhookId: 1, endpoint: 1 } as const;

export const retryIndexes = [
  { key: dueIndex },
  { key: { nextAttemptAt: 1 } },
  { key: { acceptedAt: 1 } },
  { key: { sms: 1 } },
  // What waits for its route is found by it. It holds no other rows, and so costs those nothing.
  {
    key: { endpoint: 1, accountId: 1, flowId: 1, deliveryStatus: 1, nextAttemptAt: 1 },
    partialFilterExpression: { endpoint: NO_ENDPOINT },
  },
];

const pastAttemptShape = {
  at: kinds.date,
  statusCode: kinds.statusCode,
  error: kinds.textOrNull,
  durationMs: kinds.number,
} as const satisfies ShapeOf<PastAttempt>;

/** As far as later steps depend on it. */
const outcomeShape = {
  kind: {
    is: (value) => value === 'answered' || value === 'unanswered',
    must: 'answered or unanswered',
  },
  startedAt: kinds.date,
  durationMs: kinds.number,
  error: kinds.textOrNull,
} as const satisfies ShapeOf<AttemptOutcome>;

/** What is missing counts as none. */
const logShape = {
  begun: kinds.countOrNone,
  firstAttemptAt: kinds.dateOrNull,
  runningSince: kinds.dateOrNull,
  last: { is: either(isNull, isLike(outcomeShape)), must: 'an outcome or null' },
  history: {
    is: either((value) => value === undefined, listOf(isLike(pastAttemptShape))),
    must: 'a list of attempts',
  },
} as const satisfies ShapeOf<AttemptLog>;

/** What a record is made of while a row waits. */
export const recordedShape = {
  _id: kinds.text,
  deliveryStatus: kinds.text,
  statusAt: kinds.date,
  log: { is: either(isNull, isLike(logShape)), must: 'a log of attempts' },
  webhookId: { is: either(isNull, isText, Number.isFinite), must: 'a number, a text or null' },
  url: kinds.textOrNull,
} as const satisfies ShapeOf<RetryRow>;

/** What an operator is shown of a row that waits. */
export const waitingShape = {
  ...recordedShape,
  accountId: kinds.integerId,
  flowId: kinds.integerId,
  acceptedAt: kinds.date,
  nextAttemptAt: kinds.date,
} as const satisfies ShapeOf<RetryRow>;

const awaitingRouteShape = {
  isStale: { is: (value) => typeof value === 'boolean', must: 'true or false' },
  lookUps: kinds.count,
} as const satisfies ShapeOf<AwaitingRoute>;

/** What a retry is made of. */
const retryShape = {
  ...recordedShape,
  sms: kinds.text,
  documentKey: { is: isDocument, must: 'a document' },
  accountId: kinds.integerId,
  flowId: kinds.integerId,
  body: { is: (value) => value instanceof Binary, must: 'binary' },
  acceptedAt: kinds.date,
  undecided: { is: either(isNull, isLike(awaitingRouteShape)), must: 'what is known, or null' },
} as const satisfies ShapeOf<RetryRow>;

export async function toRetryRow(
  retry: Omit<NewRetry, 'acceptedAt'> & Partial<Pick<NewRetry, 'acceptedAt'>>,
): Promise<NewRow> {
  const { subject, accountId, flowId, body, acceptedAt, firstTrace } = retry;
  const { notificationId, smsKey, documentKey, deliveryStatus, statusAt, shows } = subject;
  return {
    _id: notificationId,
    sms: smsKey,
    documentKey: documentKey.opaque,
    deliveryStatus,
    statusAt,
    accountId,
    flowId,
    body: await freeze(body),
    bodyBytes: body.byteLength,
    ...(acceptedAt === undefined ? {} : { acceptedAt }),
    run: subject.run ?? null,
    ...(shows === 'none' ? { showsNone: true } : {}),
    ...(shows === 'own' ? { showsOwn: true } : {}),
    ...(firstTrace === undefined ? {} : { firstTrace }),
    ...toRowUpdate(retry),
  };
}

/** A row like any other, for no notification: if the server refuses it, it refuses all. */
export async function ordinaryRow(): Promise<RetryRow> {
  const epoch = new Date(0);
  const subject = {
    documentKey: { opaque: { _id: 'probe' } },
    smsKey: 'probe',
    notificationId: 'probe:DELIVERED',
    deliveryStatus: 'DELIVERED',
    statusAt: epoch,
  };
  const webhook = { webhookId: 0, displayUrl: 'https://example/', endpointKey: 'probe' };
  const more = { accountId: 0, flowId: 0, body: Buffer.from('{}'), log: noAttempts };
  const row = await toRetryRow({ subject, webhook, undecided: null, ...more });
  const claim = { by: 'probe', token: 'probe' };
  return { ...row, acceptedAt: epoch, nextAttemptAt: epoch, claim };
}

export function toRowUpdate({
  log,
  webhook,
  undecided,
}: RetryUpdate): EndpointFields & LogFields & Pick<RetryRow, 'undecided'> {
  return { ...toLogFields(log), ...endpointFields(webhook), undecided };
}

export function toLogFields(log: AttemptLog): LogFields {
  return { attempts: log.begun, log, logBytes: weightOfLog(log) };
}

export function endpointFields(webhook: NewRetry['webhook']): EndpointFields {
  return {
    webhookId: webhook?.webhookId ?? null,
    url: webhook?.displayUrl ?? null,
    endpoint: webhook?.endpointKey ?? NO_ENDPOINT,
  };
}

/** By the server's clock, which all workers share. */
export function inMs(ms: number): Document {
  return { $add: ['$$NOW', ms] };
}

/**
 * The update that adds a row, by upsert. One that is there is left as it is, unless it is unclaimed and knows of fewer
 * attempts: then the new row knows more.
 */
export function insertion(row: NewRow, dueInMs: number): Document[] {
  const times = { acceptedAt: '$$NOW', nextAttemptAt: inMs(dueInMs) };
  const given = 'acceptedAt' in row ? { nextAttemptAt: times.nextAttemptAt } : times;
  const fresh = { $mergeObjects: [{ $literal: row }, given] };
  const isThere = { $eq: [{ $type: '$sms' }, 'string'] };
  const isClaimed = { $ne: [{ $type: '$claim' }, 'missing'] };
  const knowsAsMuch = { $gte: [{ $ifNull: ['$attempts', 0] }, row.attempts] };
  const isLeft = { $and: [isThere, { $or: [isClaimed, knowsAsMuch] }] };
  return [{ $replaceWith: { $cond: [isLeft, '$$ROOT', fresh] } }];
}

/** What a row says, or what is wrong with one that somebody else has written or a disk has damaged. */
export async function readRetryRow(
  stored: Document,
): Promise<Readonly<{ retry: Retry } | { problem: string }>> {
  const problem = problemIn(stored, retryShape);
  if (problem !== null) return { problem };
  const row = stored as RetryRow;
  const body = await thaw(row.body);
  if (body === null) return { problem: 'body must be a text compressed by gzip' };
  const log = logOf(row);
  const subject = {
    documentKey: { opaque: row.documentKey },
    smsKey: row.sms,
    notificationId: row._id,
    deliveryStatus: row.deliveryStatus,
    statusAt: row.statusAt,
    shows: shownFor(row, log),
    ...runOf(row),
  };
  const { accountId, flowId, acceptedAt } = row;
  const rest = { log, webhook: webhookOf(row), undecided: row.undecided ?? null, ...traceOf(row) };
  return { retry: { subject, accountId, flowId, body, acceptedAt, ...rest } };
}

/** Once an attempt has begun, it is shown: alone, or among other statuses' by now. */
function shownFor({ showsNone, showsOwn }: RetryRow, { begun }: AttemptLog): ShownRecord | null {
  if (showsOwn === true) return 'own';
  return showsNone === true && begun === 0 ? 'none' : null;
}

function traceOf({ firstTrace }: RetryRow): Pick<Retry, 'firstTrace'> {
  return typeof firstTrace === 'string' ? { firstTrace } : {};
}

/** Rows of earlier versions lack what has been added since. */
export function logOf(row: RetryRow): AttemptLog {
  return { ...noAttempts, ...row.log };
}

export function webhookOf({ webhookId, url }: RetryRow): Retry['webhook'] {
  return webhookId === null ? null : { webhookId, displayUrl: url };
}
