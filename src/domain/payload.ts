import {
  isPlainDocument,
  ownField,
  type PlainDocument,
  type PlainValue,
  setField,
} from './plainValue.ts';
import { idText } from './ids.ts';
import type { TimeZone } from './sms.ts';
import type { Change } from './change.ts';

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

/** The part of a change that decides what of the document is the event's. */
export type OverlaidChange = Pick<Change, 'document' | 'setFields' | 'deliveryStatus'>;

/**
 * The SMS as the customer sees it. An update's event carries only what it set, so the rest comes from `document`, which
 * was fetched later, when another status may have been written. So the fields that the event set replace those of the
 * document, and another status' `deliveryTime` is left out. A dotted path (`cost.amount`)
 * stays as fetched. A change that carries the whole document has nothing to lay over it.
 */
export function overlayChange(document: PlainDocument, change: OverlaidChange): PlainDocument {
  if (change.document !== null) return document;
  const { setFields } = change;
  const showsOtherStatus = ownField(document, 'deliveryStatus') !== change.deliveryStatus;
  const result: Record<string, PlainValue> = {};
  for (const name of Object.keys(document)) {
    const set = ownField(setFields, name);
    const isLeftOut = name === 'deliveryTime' && showsOtherStatus;
    if (set !== undefined) setField(result, name, set);
    else if (!isLeftOut) setField(result, name, document[name] ?? null);
  }
  for (const name of Object.keys(setFields)) {
    const isNew = !name.includes('.') && !Object.hasOwn(result, name);
    if (isNew) setField(result, name, setFields[name] ?? null);
  }
  return result;
}
