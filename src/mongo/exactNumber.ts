/**
 * A stored decimal or 64-bit number as a JSON number where that says exactly the same, else its text.
 * "Says": the digits JavaScript prints are the value (0.1, though no double is a tenth). An integer
 * must also *be* the double, for ids are compared by value: the Long 1152921504606847000 prints the
 * same digits as the double 1152921504606846976. Null for text that is no number, `NaN` or `Infinity`.
 */
export function numberWhenExact(text: string): number | string | null {
  const number = Number(text);
  if (Number.isSafeInteger(number) && String(number) === text) return number;
  const stored = canonical(text);
  if (stored === null) return null;
  if (stored !== canonical(String(number))) return text;
  if (!Number.isInteger(number) || Number.isSafeInteger(number)) return number;
  return stored === canonical(BigInt(number).toString()) ? number : text;
}

/** Whether the text of a stored number says a whole one. */
export function isIntegralText(text: string): boolean {
  const stored = canonical(text);
  return stored !== null && (stored === '0' || /e\d+$/.test(stored));
}

/** The same text for the same decimal value: its digits without zeros at either end, and exponent. */
function canonical(text: string): string | null {
  const match = /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]?\d+))?$/i.exec(text);
  if (match === null) return null;
  const [, sign = '', whole = '', fraction = '', exponent = '0'] = match;
  const digits = `${whole}${fraction}`.replace(/^0+/, '');
  const significant = digits.replace(/0+$/, '');
  if (significant === '') return '0';
  const power = Number(exponent) - fraction.length + digits.length - significant.length;
  return `${sign}${significant}e${power}`;
}
