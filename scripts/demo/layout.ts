import { inspect } from 'node:util';

export const WIDTH = 80;

/** Breaks a paragraph into lines of at most `width`; what was broken by hand is joined first. */
export function wrap(text: string, width: number): string {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/\s+/)) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return [...lines, line].join('\n');
}

/** Puts `first` before the first line and as many blanks before the others. */
export function hang(first: string, text: string, blanks = first.length): string {
  return first + text.replaceAll('\n', `\n${' '.repeat(blanks)}`);
}

/** A value as MongoDB's shell writes it. */
export function shellText(value: unknown, width: number): string {
  return inspect(withIsoDates(value), { depth: 9, breakLength: width, maxStringLength: 400 });
}

function withIsoDates(value: unknown): unknown {
  if (value instanceof Date) {
    const text = `ISODate('${value.toISOString()}')`;
    return { [inspect.custom]: () => text };
  }
  if (Array.isArray(value)) return value.map(withIsoDates);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, entry]) => [key, withIsoDates(entry)]),
  );
}

/** A document with only the fields that matter here, the others as one ellipsis. */
export function abridgedText(
  document: Readonly<Record<string, unknown>>,
  fields: readonly string[],
  width: number,
): string {
  const picked = Object.fromEntries(fields.map((field) => [field, document[field]]));
  const text = shellText(picked, width);
  return text.includes('\n') ? text.replace(/\n\}$/, ',\n  …\n}') : text.replace(/ \}$/, ', … }');
}

/** Two values as text; of two long texts only where they begin to differ. */
export function contrast(one: unknown, other: unknown): readonly [string, string] {
  const texts = [one, other].map((value) =>
    typeof value === 'string' ? value : inspect(value, { depth: 9 }),
  );
  const [left = '', right = ''] = texts;
  if (typeof one !== 'string' || typeof other !== 'string') return [left, right];
  let same = 0;
  while (same < left.length && left[same] === right[same]) same += 1;
  const start = Math.max(0, same - 20);
  const cut = (text: string): string =>
    (start > 0 ? '…' : '') + text.slice(start, same + 36) + (text.length > same + 36 ? '…' : '');
  return Math.max(left.length, right.length) > 60 ? [cut(left), cut(right)] : [left, right];
}

export function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

export function count(value: number): string {
  return value.toLocaleString('en-US', { maximumFractionDigits: 0 });
}
