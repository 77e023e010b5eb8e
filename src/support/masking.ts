import type { PlainValue } from '../domain/plainValue.ts';

const HIDDEN = '•';
/** From so many digits on, the first two are shown: a country's code, or its beginning. */
const SHOWS_COUNTRY_FROM = 10;
const COUNTRY_SHOWN = 2;
/** The longest numbers without a country's code, and short codes, show less. */
const SHOWS_ANY_FROM = 5;

/**
 * A phone number of which most is hidden: `91•••••••999`. Of ten digits or more, the first two and the last three are
 * shown, of five or more the last two, of fewer none. Signs between digits are left out. What is no number is hidden
 * as a whole, its length as well.
 */
export function maskNumber(value: PlainValue): string {
  if (value === null) return 'none';
  const digits = digitsOf(value);
  if (digits === null) return HIDDEN.repeat(SHOWS_ANY_FROM);
  const { length } = digits;
  const first = length >= SHOWS_COUNTRY_FROM ? COUNTRY_SHOWN : 0;
  const last = length >= SHOWS_COUNTRY_FROM ? 3 : length >= SHOWS_ANY_FROM ? 2 : 0;
  const hidden = HIDDEN.repeat(length - first - last);
  return `${digits.slice(0, first)}${hidden}${digits.slice(length - last)}`;
}

/** As many as a number has at most, and some more that people add. */
const form = /^\+?[\d\s().-]{1,30}$/;

function digitsOf(value: PlainValue): string | null {
  const text = typeof value === 'number' ? String(value) : value;
  if (typeof text !== 'string' || !form.test(text)) return null;
  const digits = text.replace(/\D/g, '');
  return digits === '' ? null : digits;
}
