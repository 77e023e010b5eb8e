const LABEL_WIDTH = 22;

/** The first column to the left, the others to the right under headings of one width; 80 columns in all. */
export function table(
  headings: readonly string[],
  rows: readonly (readonly [label: string, ...cells: string[]])[],
  labelWidth = LABEL_WIDTH,
): string {
  const [first = '', ...others] = headings;
  const width = Math.floor((80 - labelWidth) / others.length);
  const line = (label: string, cells: readonly string[]): string =>
    (label.padEnd(labelWidth) + cells.map((cell) => cell.padStart(width)).join('')).trimEnd();
  return [line(first, others), ...rows.map(([label, ...cells]) => line(label, cells))].join('\n');
}
