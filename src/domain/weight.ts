import type { AttemptLog } from './attempt.ts';
import type { Change } from './change.ts';
import { isPlainDocument, type PlainValue } from './plainValue.ts';
import type { DeliveryRecord } from './record.ts';

/** An object, a field of it, a value that is no text: about what V8 takes for each, and JSON. */
const OBJECT_BYTES = 64;
const FIELD_BYTES = 32;
/** A text of Latin letters takes one byte a character here and one in JSON; of any others two, and three. */
const LATIN_BYTES = 2;
const OTHER_BYTES = 5;
/** Shorter ones are not looked at for what they are made of: they come to little either way. */
const SHORT_TEXT = 256;
/** A record but for its response. */
const RECORD_BYTES = 1024;
const beyondLatin = /[\u0100-\uffff]/;

/**
 * About how many bytes of memory a document takes while it is in hand: itself, and the body that is built of it.
 * An estimate, good enough to bound many of them; costs a microsecond for an ordinary SMS.
 */
export function weightOf(value: PlainValue | undefined): number {
  if (typeof value === 'string') return FIELD_BYTES + value.length * bytesPerCharacter(value);
  if (typeof value !== 'object' || value === null) return FIELD_BYTES;
  if (value instanceof Date) return FIELD_BYTES + OBJECT_BYTES;
  let weight = FIELD_BYTES + OBJECT_BYTES;
  if (isPlainDocument(value)) {
    for (const name of Object.keys(value)) weight += name.length + weightOf(value[name]);
    return weight;
  }
  for (const each of value) weight += weightOf(each);
  return weight;
}

/** What the change itself brings; an update brings no document. */
export function weightOfChange({ document, setFields }: Change): number {
  return FIELD_BYTES + (document === null ? weightOf(setFields) : weightOf(document));
}

/** One that is remembered: only its response can be large. */
export function weightOfRecord({ response }: DeliveryRecord): number {
  return RECORD_BYTES + weightOf(response);
}

/** Of a notification's attempts only the last response can be large. */
export function weightOfLog({ last }: AttemptLog): number {
  const response = last?.kind === 'answered' ? last.response : null;
  return response === null ? 0 : weightOf(response.text);
}

function bytesPerCharacter(text: string): number {
  return text.length > SHORT_TEXT && beyondLatin.test(text) ? OTHER_BYTES : LATIN_BYTES;
}
