import type { Change } from './change.ts';
import { ownField, setField } from './fields.ts';
import type { PlainDocument, PlainValue } from './plainValue.ts';

/** The part of a change that decides what of the document is the event's. */
export type OverlaidChange = Pick<Change, 'document' | 'setFields' | 'deliveryStatus'>;

/**
 * The SMS as the customer is told of it. An update's event carries only what it set, so the rest is
 * from `document`, fetched later, when a further status may have been written: hence the fields the
 * event set go over it, and another status' `deliveryTime` is left out. A dotted path (`cost.amount`)
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
