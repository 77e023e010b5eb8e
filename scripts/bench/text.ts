const NONE = '–';

/** Three digits where there are as many to show; `–` for none. */
export function figure(value: number | null): string {
  const size = Math.abs(value ?? 0);
  // By what the value is rounded to: 9.996 is 10.0, not 10.00.
  return withDigits(value, size < 9.995 ? 2 : size < 99.95 ? 1 : 0);
}

export function whole(value: number | null): string {
  return withDigits(value, 0);
}

export function ratio(value: number | null): string {
  const text = figure(value);
  return text === NONE ? NONE : `${text}×`;
}

function withDigits(value: number | null, digits: number): string {
  if (value === null || !Number.isFinite(value)) return NONE;
  return value.toLocaleString('en-US', {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
}

const LABEL_WIDTH = 22;

/** The first column to the left, the others to the right under headings of one width; 80 columns in all. */
export function table(
  headings: readonly string[],
  rows: readonly (readonly string[])[],
  labelWidth = LABEL_WIDTH,
): string {
  const width = Math.floor((80 - labelWidth) / (headings.length - 1));
  const line = ([label = '', ...cells]: readonly string[]): string =>
    (label.padEnd(labelWidth) + cells.map((cell) => cell.padStart(width)).join('')).trimEnd();
  return [headings, ...rows].map(line).join('\n');
}
