import { Buffer } from 'node:buffer';
import stringWidth from 'string-width';

const GAP = '  ';
/** No column is made narrower for others' sake, unless it is. */
const READABLE = 12;

/**
 * Rows under their headings. Nothing of it is ever cut: where it is wider than `width`, cells go on under themselves
 * between words, and where that does not help, each row is a list of its own. `width` null: as wide as it is.
 */
export function table(
  headings: readonly string[],
  rows: readonly (readonly string[])[],
  width: number | null,
): string {
  const cells = rows.map((row) => headings.map((_, column) => onOneLine(row[column] ?? '')));
  const columns = headings.map((heading, column) => [
    heading,
    ...cells.map((row) => row[column] ?? ''),
  ]);
  const widths = fitted(columns, width);
  if (widths === null) return cells.map((row) => asRecord(headings, row, width)).join('\n\n');
  return [headings, ...cells].map((row) => aligned(row, widths)).join('\n');
}

/** Names and what they say, which goes on under itself where it is too long for a line. */
export function list(
  entries: readonly (readonly [name: string, value: string])[],
  width: number | null,
): string {
  const named = widest(entries.map(([name]) => name));
  const indent = `\n${' '.repeat(named)}${GAP}`;
  return entries
    .map(([name, value]) => {
      const text = onOneLine(value);
      const lines = width === null ? [text] : wrap(text, width - named - GAP.length);
      return `${padEnd(name, named)}${GAP}${lines.join(indent)}`.trimEnd();
    })
    .join('\n');
}

/** A command line to be copied, indented: where it is too long it goes on as a shell reads it, between words only. */
export function commandLine(words: readonly string[], width: number | null): string {
  const lines: string[] = [];
  for (const word of words.map(shellWord)) {
    const last = lines.at(-1);
    const fits = width === null || widthOf(`${last ?? ''} ${word}`) <= width - 6;
    if (last !== undefined && fits) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines.map((line, at) => `${at === 0 ? '  ' : '    '}${line}`).join(' \\\n');
}

/** As it has to be written for a shell to read it back; what a terminal must not get is written by its number. */
function shellWord(word: string): string {
  if (/^[\w.,:@%+/-][\w.,:@%+=/-]*$/.test(word)) return word;
  if (onOneLine(word) === word) return `'${word.replaceAll("'", `'\\''`)}'`;
  const escaped = Array.from(word, (character) =>
    onOneLine(character) === character
      ? character.replace(/['\\]/, '\\$&')
      : Array.from(
          Buffer.from(character),
          (byte) => `\\x${byte.toString(16).padStart(2, '0')}`,
        ).join(''),
  );
  return `$'${escaped.join('')}'`;
}

function total(widths: readonly number[]): number {
  return widths.reduce((sum, width) => sum + width, GAP.length * (widths.length - 1));
}

/** How wide each column is to be; null when they can't be narrow enough. */
function fitted(columns: readonly (readonly string[])[], width: number | null): number[] | null {
  const widths = columns.map(widest);
  if (width === null) return widths;
  const least = columns.map((cells, column) =>
    Math.max(
      Math.min(widths[column] ?? 0, READABLE),
      cells.reduce((most, cell) => Math.max(most, longestWord(cell)), 0),
    ),
  );
  if (total(least) > width) return null;
  for (let excess = total(widths) - width; excess > 0; excess -= 1) {
    const room = widths.map((each, column) => (each > (least[column] ?? 0) ? each : 0));
    const widestColumn = room.indexOf(Math.max(...room));
    widths[widestColumn] = (widths[widestColumn] ?? 0) - 1;
  }
  return widths;
}

function aligned(row: readonly string[], widths: readonly number[]): string {
  const cells = row.map((cell, column) =>
    widthOf(cell) > (widths[column] ?? 0) ? wrap(cell, widths[column] ?? 0) : [cell],
  );
  const height = Math.max(...cells.map((lines) => lines.length));
  return Array.from({ length: height }, (_, line) =>
    cells
      .map((lines, column) => padEnd(lines[line] ?? '', widths[column] ?? 0))
      .join(GAP)
      .trimEnd(),
  ).join('\n');
}

function asRecord(
  headings: readonly string[],
  row: readonly string[],
  width: number | null,
): string {
  const entries = headings.map((heading, column) => [heading, row[column] ?? ''] as const);
  const said = entries.filter(([, value]) => value !== '');
  return list(said.length === 0 ? entries : said, width);
}

/** The columns a terminal takes for a text: two for most of East Asia's characters and emoji, none for combining marks. */
export function widthOf(text: string): number {
  return stringWidth(text);
}

function padEnd(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - widthOf(text)));
}

/** Between words; a word that is longer than a line stays whole, so that it can be copied. */
function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  let used = 0;
  for (const word of text.split(' ')) {
    const taken = widthOf(word);
    if (lines.length > 0 && used + 1 + taken <= width) {
      lines[lines.length - 1] += ` ${word}`;
      used += 1 + taken;
    } else {
      lines.push(word);
      used = taken;
    }
  }
  return lines;
}

function longestWord(text: string): number {
  return widest(text.split(' '));
}

/** Not by `Math.max(...)`, which takes no hundred thousands. */
function widest(texts: readonly string[]): number {
  return texts.reduce((most, text) => Math.max(most, widthOf(text)), 0);
}

/**
 * What is stored may come from strangers: a terminal must not obey it. Neither are characters shown that turn the
 * direction of others around, so that an address would look like another one.
 */
export function onOneLine(text: string): string {
  return text.replace(/[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu, '·');
}
