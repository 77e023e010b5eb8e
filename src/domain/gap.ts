import type { Change, DocumentKey, StreamPosition } from './change.ts';
import type { PlainDocument } from './plainValue.ts';
import { statusTime, type TimeZone } from './sms.ts';

/** A span of time in which the change stream could not be read: what was written then has to be searched for. */
export interface Gap {
  readonly id: string;
  readonly from: Date;
  readonly to: Date;
}

/** A document that a gap scan found. */
export interface FoundDocument {
  readonly documentKey: DocumentKey;
  readonly document: PlainDocument;
}

/**
 * The change that may have given this document its status, as the stream would have shown it; null when the document
 * does not say when that was. Carriers' clocks run behind the platform's, so the time is moved into the gap.
 */
export function changeInGap(
  { documentKey, document }: FoundDocument,
  gap: Gap,
  { zone, position }: Readonly<{ zone: TimeZone; position: StreamPosition }>,
): Change | null {
  const placedAt = statusTime(document, zone);
  if (placedAt === null) return null;
  const statusAt = new Date(
    Math.min(Math.max(placedAt.getTime(), gap.from.getTime()), gap.to.getTime()),
  );
  return {
    operation: 'replace',
    documentKey,
    id: document['_id'] ?? null,
    deliveryStatus: document['deliveryStatus'] ?? null,
    document,
    setFields: {},
    statusAt,
    setBefore: gap.to,
    position,
  };
}

/**
 * When a found status was set, in the light of the other statuses of its SMS: not before any of those that were set
 * up to the end of the gap. The document shows it, so it came last; but carriers' clocks run behind, and the gap may
 * begin before what the stream has still shown.
 */
export function notBeforeKnown(
  { statusAt, setBefore }: Pick<Change, 'statusAt' | 'setBefore'>,
  known: readonly Date[],
): Date {
  if (setBefore === undefined) return statusAt;
  const earlier = known.filter((time) => time <= setBefore).map((time) => time.getTime());
  return new Date(Math.max(statusAt.getTime(), ...earlier));
}

/** True when the document's time lies so far before the gap that its status can't be from within. */
export function isBeforeGap(
  document: PlainDocument,
  gap: Gap,
  { zone, marginMs }: Readonly<{ zone: TimeZone; marginMs: number }>,
): boolean {
  const placedAt = statusTime(document, zone);
  return placedAt !== null && placedAt.getTime() < gap.from.getTime() - marginMs;
}
