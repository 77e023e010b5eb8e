import { ownField, type PlainDocument, type PlainValue } from './plainValue.ts';
import { type IntegerId, parseIntegerId } from './ids.ts';
import type { Change } from './change.ts';

/** What the worker itself needs of an SMS document, beside `_id` and the delivery status. */
export type SmsDetail =
  | Readonly<{ kind: 'usable'; accountId: IntegerId; flowId: IntegerId; phononUuid: string }>
  | Readonly<{
      kind: 'unusable';
      /** Names the field and what it must be, never what it holds: it goes into logs. */
      problem: string;
    }>;

export function parseSmsDetail(document: PlainDocument): SmsDetail {
  const accountId = parseIntegerId(ownField(document, 'accountID'));
  if (accountId === null) return unusableInteger('accountID');
  const flowId = parseIntegerId(ownField(document, 'flowId'));
  if (flowId === null) return unusableInteger('flowId');
  const phononUuid = ownField(document, 'phononUuid');
  if (typeof phononUuid !== 'string' || phononUuid === '') {
    return { kind: 'unusable', problem: 'phononUuid must be a non-empty string or a UUID' };
  }
  return { kind: 'usable', accountId, flowId, phononUuid };
}

function unusableInteger(field: string): SmsDetail {
  return {
    kind: 'unusable',
    problem: `${field} must be an integral number or decimal digits, within BIGINT`,
  };
}

interface StatusAge {
  readonly operation: Change['operation'];
  readonly document: PlainDocument;
  readonly statusAt: Date;
  readonly maxStatusAgeMs: number;
  readonly zone: TimeZone;
}

/**
 * Whether an insert or replace brings a status from long ago: a restored or migrated document, not
 * news. An update is news by itself, and so is a document that does not tell its time.
 */
export function isStale(status: StatusAge): boolean {
  if (status.operation === 'update') return false;
  const at = statusTime(status.document, status.zone);
  return at !== null && status.statusAt.getTime() - at.getTime() > status.maxStatusAgeMs;
}

/** When the document says it was delivered, else sent. */
export function statusTime(document: PlainDocument, zone: TimeZone): Date | null {
  return timeIn(document, 'deliveryTime', zone) ?? timeIn(document, 'sendTime', zone);
}

/** What a document says in one of its times. */
export function timeIn(
  document: PlainDocument,
  field: 'deliveryTime' | 'sendTime',
  zone: TimeZone,
): Date | null {
  return readTime(ownField(document, field), zone);
}

function readTime(value: PlainValue | undefined, zone: TimeZone): Date | null {
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value;
  return typeof value === 'string' ? zone.parse(value) : null;
}

/** A time zone in which times are written and, where a text names none, read. */
export interface TimeZone {
  /** ISO 8601 with milliseconds and numeric offset, `2023-10-19T11:55:20.408+05:30`. */
  format(date: Date): string;
  /**
   * Reads ISO 8601 text: a calendar date, or one with a time, with or without an offset (without one
   * it is taken as local to this zone). Null for anything else.
   */
  parse(text: string): Date | null;
}
