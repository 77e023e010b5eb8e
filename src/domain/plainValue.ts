/**
 * What a stored value looks like outside the database driver: JSON's types plus `Date`.
 * Everything else BSON can hold has already become one of these (an ObjectId its hex text, a Long a
 * number or, when that would not be exact, its digits; see `src/mongo/plainDocument.ts`).
 */
export type PlainValue =
  string | number | boolean | null | Date | readonly PlainValue[] | PlainDocument;

/** A document or subdocument. Keys keep the document's order, as far as JavaScript objects do. */
export interface PlainDocument {
  readonly [field: string]: PlainValue;
}

export function isPlainDocument(value: PlainValue | undefined): value is PlainDocument {
  return (
    typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date)
  );
}

/** A field of the document itself: one called `constructor` that isn't there is not Object's. */
export function ownField(document: PlainDocument, name: string): PlainValue | undefined {
  return Object.hasOwn(document, name) ? document[name] : undefined;
}

/** Assigning to `__proto__` would change the object's prototype and lose the field. */
export function setField<Value>(target: Record<string, Value>, name: string, value: Value): void {
  if (name === '__proto__') {
    Object.defineProperty(target, name, {
      value,
      writable: true,
      enumerable: true,
      configurable: true,
    });
  } else {
    target[name] = value;
  }
}
