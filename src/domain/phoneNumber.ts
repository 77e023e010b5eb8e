/** The platform's home: numbers are also written as people write them there, without it. */
const HOME = '91';
/** A mobile number as it is dialled at home: ten digits. */
const nationalForm = /^0?(?<national>[6-9]\d{9})$/;
const homeForm = /^91(?<national>[6-9]\d{9})$/;
const most = 20;
const least = 4;

/** What people put between digits, seen or unseen, and before them. */
const between = /^tel:|[\s\p{Cf}\p{Pd}.()/]/giu;

/**
 * All ways in which a phone number may be stored that somebody writes like this, as texts of digits, some with a plus;
 * null for what is no number. With a plus, or its `00`, it says its country; without, it may be one of home: those are
 * looked for with the country's code and without.
 */
export function spellingsOf(written: string): readonly string[] | null {
  const text = written.trim().replaceAll(between, '');
  if (!/^\+?\d+$/.test(text)) return null;
  const digits = text.replace(/^(?:\+|00)/, '');
  if (digits.length < least || digits.length > most) return null;
  const saysCountry = digits !== text;
  const national =
    homeForm.exec(digits)?.groups?.['national'] ??
    (saysCountry ? undefined : nationalForm.exec(digits)?.groups?.['national']);
  const bare = national === undefined ? [digits] : [digits, HOME + national, national];
  const all = bare.flatMap((each) => [each, `+${each}`, `00${each}`]);
  const withTrunk = national === undefined ? [] : [`0${national}`];
  return [...new Set([...all, ...withTrunk])];
}
