import { list } from './table.ts';

/** Rows that can be read, and of each other one its name and what is wrong with it, of which nothing is cut. */
export function apart<Row extends { readonly unreadable?: string }>(
  rows: readonly Row[],
  nameOf: (row: Row) => string,
): { readonly readable: readonly Row[]; readonly unreadable: readonly string[] } {
  const odd = rows.flatMap((row) =>
    row.unreadable === undefined ? [] : [[nameOf(row), `unreadable: ${row.unreadable}`] as const],
  );
  return {
    readable: rows.filter((row) => row.unreadable === undefined),
    unreadable: odd.length === 0 ? [] : [list(odd)],
  };
}
