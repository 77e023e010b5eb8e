/** As wide as a terminal always is. */
const WIDTH = 80;
const GAP = '  ';
/** No column becomes narrower. */
const LEAST = 4;

/**
 * Rows under their headings, at most 80 columns wide: the widest is cut for as long as it takes. All of it is in
 * `--json`.
 */
export function table(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [headings, ...rows].map((row) => row.map(onOneLine));
  const widths = headings.map((_, column) =>
    Math.max(...lines.map((line) => (line[column] ?? '').length)),
  );
  const isTooWide = (): boolean =>
    widths.reduce((sum, width) => sum + width, GAP.length * (widths.length - 1)) > WIDTH;
  while (isTooWide() && Math.max(...widths) > LEAST) {
    const widest = widths.indexOf(Math.max(...widths));
    widths[widest] = (widths[widest] ?? 0) - 1;
  }
  return lines
    .map((line) => line.map((cell, column) => fit(cell, widths[column] ?? 0)).join(GAP))
    .map((line) => line.trimEnd())
    .join('\n');
}

/** Names and what they say, which goes on under itself where it is too long for a line. */
export function list(entries: readonly (readonly [name: string, value: string])[]): string {
  const width = Math.max(...entries.map(([name]) => name.length));
  const indent = `\n${' '.repeat(width)}${GAP}`;
  return entries
    .map(([name, value]) => {
      const lines = wrap(onOneLine(value), WIDTH - width - GAP.length);
      return `${name.padEnd(width)}${GAP}${lines.join(indent)}`;
    })
    .join('\n');
}

/** Between words; a word that is longer than a line stays whole, so that it can be copied. */
function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    const longer = last === undefined ? word : `${last} ${word}`;
    if (last === undefined || longer.length > width) lines.push(word);
    else lines[lines.length - 1] = longer;
  }
  return lines;
}

function fit(cell: string, width: number): string {
  return cell.length > width ? `${cell.slice(0, width - 1)}…` : cell.padEnd(width);
}

/** What is stored may come from strangers: a terminal must not obey it. */
export function onOneLine(text: string): string {
  return text.replace(/[\p{Cc}\p{Zl}\p{Zp}]/gu, '·');
}
