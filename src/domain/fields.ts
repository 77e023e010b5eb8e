import type { PlainDocument, PlainValue } from './plainValue.ts';

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
