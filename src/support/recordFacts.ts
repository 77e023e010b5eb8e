import type { EndFacts } from '../mongo/ledger.ts';
import type { SmsFacts } from './smsFacts.ts';
import { shownRecord } from './verdict.ts';

/** One call, as a record keeps it. What is not as the worker writes it is null. */
export interface CallFacts {
  readonly at: Date | null;
  readonly statusCode: number | null;
  readonly error: string | null;
  readonly durationMs: number | null;
}

/** What a record says, whoever wrote it. */
export interface RecordFacts extends CallFacts {
  readonly state: string | null;
  readonly reason: string | null;
  readonly deliveryStatus: string | null;
  readonly statusAt: Date | null;
  readonly webhookId: string | null;
  readonly url: string | null;
  readonly attempts: number;
  /** `at` is that of the last call. */
  readonly firstAttemptAt: Date | null;
  readonly response: string | null;
  readonly isTruncated: boolean;
  readonly isBase64: boolean;
  /** Those before the last, oldest first. */
  readonly history: readonly CallFacts[];
}

type Fields = Readonly<Record<string, unknown>>;

export function readRecord(record: unknown): RecordFacts {
  const fields = fieldsOf(record);
  return {
    state: textIn(fields, 'state'),
    reason: textIn(fields, 'reason'),
    deliveryStatus: textIn(fields, 'deliveryStatus'),
    statusAt: dateIn(fields, 'statusAt'),
    webhookId: nameIn(fields, 'webhookId'),
    url: textIn(fields, 'url'),
    attempts: numberIn(fields, 'attempts') ?? 0,
    ...callIn(fields, 'lastAttemptAt'),
    firstAttemptAt: dateIn(fields, 'firstAttemptAt'),
    response: textIn(fields, 'response'),
    isTruncated: fields['responseTruncated'] === true,
    isBase64: fields['responseEncoding'] === 'base64',
    history: listIn(fields, 'history').map((entry) => callIn(entry, 'at')),
  };
}

/** The older statuses that a record keeps beside its own, oldest first; each with its last call. */
export function readEarlier(record: unknown): readonly RecordFacts[] {
  return listIn(fieldsOf(record), 'earlier').map(readRecord);
}

/** How the notification of the present status has ended, or how far its record says it is. */
export interface NotifiedFacts extends RecordFacts {
  /** The document shows it. */
  readonly isShown: boolean;
  readonly endedAt: Date | null;
  /** Where the last answer redirected to. */
  readonly location: string | null;
  /** What is wrong with the ledger's row, where that is all there is. */
  readonly unreadable: string | null;
}

/** Null when neither the document nor the ledger has anything of it. */
export function notifiedOf(facts: SmsFacts): NotifiedFacts | null {
  const shown = shownRecord(facts);
  const end = facts.ended.find((each) => each.notificationId === facts.notificationId) ?? null;
  if (shown !== null) return { ...readRecord(shown), ...endIn(end), isShown: true };
  return end === null ? null : { ...readEnd(end), ...endIn(end), isShown: false };
}

/** Of a row without a record, what it says itself. */
function readEnd({ record, state, reason }: EndFacts): RecordFacts {
  const recorded = readRecord(record);
  return { ...recorded, state: recorded.state ?? state, reason: recorded.reason ?? reason };
}

function endIn(end: EndFacts | null): Pick<NotifiedFacts, 'endedAt' | 'location' | 'unreadable'> {
  return {
    endedAt: end?.endedAt ?? null,
    location: end?.location ?? null,
    unreadable: end?.unreadable ?? null,
  };
}

function callIn(fields: Fields, at: string): CallFacts {
  return {
    at: dateIn(fields, at),
    statusCode: numberIn(fields, 'statusCode'),
    error: textIn(fields, 'error'),
    durationMs: numberIn(fields, 'durationMs'),
  };
}

function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : {};
}

function listIn(fields: Fields, name: string): readonly Fields[] {
  const value = own(fields, name);
  return Array.isArray(value) ? value.map(fieldsOf) : [];
}

function textIn(fields: Fields, name: string): string | null {
  const value = own(fields, name);
  return typeof value === 'string' ? value : null;
}

function numberIn(fields: Fields, name: string): number | null {
  const value = own(fields, name);
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}

/** Webhook ids may be numbers or texts. */
function nameIn(fields: Fields, name: string): string | null {
  const number = numberIn(fields, name);
  return number === null ? textIn(fields, name) : String(number);
}

function dateIn(fields: Fields, name: string): Date | null {
  const value = own(fields, name);
  return value instanceof Date && !Number.isNaN(value.getTime()) ? value : null;
}

function own(fields: Fields, name: string): unknown {
  return Object.hasOwn(fields, name) ? fields[name] : undefined;
}
