import { ownField, setField } from './fields.ts';
import { idText } from './notificationId.ts';
import { isPlainDocument, type PlainDocument, type PlainValue } from './plainValue.ts';
import type { TimeZone } from './timeZone.ts';

interface PayloadSource {
  /** The document's `_id`: a field called `id` gives way to it. */
  readonly id: PlainValue;
  readonly document: PlainDocument;
  readonly zone: TimeZone;
}

type Json = string | number | boolean | null | Json[] | { [key: string]: Json };

/** What the platform keeps for itself. `id` is here because `_id` is sent under that name. */
const leftOut: ReadonlySet<string> = new Set(['_id', '_class', 'notify_on_delivery', 'id']);

/** The body of the call: built once, so that a retry sends and signs the same bytes. */
export function buildPayload({ id, document, zone }: PayloadSource): Uint8Array {
  const detail: Record<string, Json> = { id: idText(id) };
  for (const name of Object.keys(document)) {
    if (!leftOut.has(name)) setField(detail, name, toJson(document[name] ?? null, zone));
  }
  const phononUuid = toJson(ownField(document, 'phononUuid') ?? null, zone);
  return Buffer.from(JSON.stringify({ 'phonon-uuid': phononUuid, smsDetails: [detail] }), 'utf8');
}

/** Recursion is bounded by the database, which refuses documents nested deeper than 180 levels. */
function toJson(value: PlainValue, zone: TimeZone): Json {
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : zone.format(value);
  if (isPlainDocument(value)) {
    const result: Record<string, Json> = {};
    for (const [name, field] of Object.entries(value)) setField(result, name, toJson(field, zone));
    return result;
  }
  if (typeof value === 'object' && value !== null) return value.map((item) => toJson(item, zone));
  return value;
}
