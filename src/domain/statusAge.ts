import type { Change } from './change.ts';
import { ownField } from './fields.ts';
import type { PlainDocument, PlainValue } from './plainValue.ts';
import type { TimeZone } from './timeZone.ts';

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
  return (
    readTime(ownField(document, 'deliveryTime'), zone) ??
    readTime(ownField(document, 'sendTime'), zone)
  );
}

function readTime(value: PlainValue | undefined, zone: TimeZone): Date | null {
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value;
  return typeof value === 'string' ? zone.parse(value) : null;
}
