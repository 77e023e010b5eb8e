import type { TimeZone } from '../../domain/sms.ts';
import { createTimes, type Times } from '../../support/words.ts';
import { commandLine, list, onOneLine, table, widthOf } from './table.ts';

/** What text for people is laid out on. */
export interface Page extends Times {
  /** Columns of the terminal; null where there is none, and lines may be of any length. */
  readonly width: number | null;
  /** Rows under their headings, of which nothing is cut. */
  table(headings: readonly string[], rows: readonly (readonly string[])[]): string;
  /** Names and what they say. */
  list(entries: readonly (readonly [name: string, value: string])[]): string;
  /** A command line that can be copied. */
  command(words: readonly string[]): string;
}

/** @param zone PAYLOAD_TIMEZONE: the operators', and of times without an offset in what they type */
export function createPage(width: number | null, zone: TimeZone): Page {
  return {
    width,
    table: (headings, rows) => table(headings, rows, width),
    list: (entries) => list(entries, width),
    command: (words) => commandLine(words, width),
    ...createTimes((time) => zone.format(time)),
  };
}

/** Where a command writes, and as much of a terminal as it is. */
export interface Output {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

/** As wide as a terminal is that does not say. */
const USUAL_WIDTH = 80;

/** Of the terminal that a stream leads to; null when it leads elsewhere. */
export function terminalWidth(stream: Omit<Output, 'write'>): number | null {
  if (stream.isTTY !== true) return null;
  return stream.columns !== undefined && stream.columns > 0 ? stream.columns : USUAL_WIDTH;
}

/** Rows that can be read, and of each other one its name and what is wrong with it, of which nothing is cut. */
export function apart<Row extends { readonly unreadable?: string }>(
  rows: readonly Row[],
  nameOf: (row: Row) => string,
  page: Page,
): { readonly readable: readonly Row[]; readonly unreadable: readonly string[] } {
  const odd = rows.flatMap((row) =>
    row.unreadable === undefined ? [] : [[nameOf(row), `unreadable: ${row.unreadable}`] as const],
  );
  return {
    readable: rows.filter((row) => row.unreadable === undefined),
    unreadable: odd.length === 0 ? [] : [page.list(odd)],
  };
}

/** A line that shows the progress of long work. */
export interface Progress {
  /** Whether anybody watches. */
  readonly isShown: boolean;
  /** Replaces what was shown before. */
  show(text: string): void;
  clear(): void;
}

/** A line that is written over again and again; nothing at all where nobody watches. */
export function createProgress(stream: Output): Progress {
  if (stream.isTTY !== true) {
    return { isShown: false, show: () => undefined, clear: () => undefined };
  }
  let hasText = false;
  const clear = (): void => {
    if (hasText) stream.write('\r\u001b[K');
    hasText = false;
  };
  return {
    isShown: true,
    show(text) {
      clear();
      stream.write(startOf(onOneLine(text), (terminalWidth(stream) ?? 1) - 1));
      hasText = true;
    },
    clear,
  };
}

/** Of a line that goes on in the next one only that would be written over. */
function startOf(text: string, width: number): string {
  let start = text;
  while (widthOf(start) > width) start = start.slice(0, -1);
  return start;
}

const BAR = 24;

/** `████░░░░  1,234 of 20,000`; without a total, the number alone. */
export function bar(done: number, total: number | null): string {
  const number = done.toLocaleString('en-US');
  if (total === null || total === 0) return number;
  const share = Math.min(1, done / total);
  const full = Math.round(BAR * share);
  return `${'█'.repeat(full)}${'░'.repeat(BAR - full)}  ${number} of ${total.toLocaleString('en-US')}`;
}
