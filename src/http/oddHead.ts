import type { Buffer } from 'node:buffer';
import { setField } from '../domain/fields.ts';

/** As much of an answer's head as can be read. */
export interface OddHead {
  readonly statusCode: number;
  /** Names in lower case; of several values the first. */
  readonly headers: Readonly<Record<string, string>>;
  readonly framing: BodyFraming;
  /** Where the body begins; null while the head has no end. */
  readonly bodyStart: number | null;
}

/** Where the body ends; null for nobody knows. */
export type BodyFraming = 'none' | 'chunks' | Readonly<{ bytes: number }> | null;

/** More of a head is not waited for. */
export const ODD_HEAD_BYTES = 131_072;

const statusLine = /[\r\n]*HTTP\/\d{1,2}(?:\.\d{1,2})?[ \t]+([1-9]\d\d)(?=[ \t\r\n])/iy;
const headEnd = /\n\r*\n/g;

/**
 * Reads what a strict parser refused, as far as it is one answer's: interim answers, then a status line, then whatever
 * looks like headers. Null when there is no status line, or not yet. For answers whose connection is then closed:
 * what it takes for the end of an answer need not be where the receiver's answer ends.
 */
export function readOddHead(bytes: Buffer): OddHead | null {
  const text = bytes.toString('latin1');
  for (let start = 0; ;) {
    statusLine.lastIndex = start;
    const found = statusLine.exec(text);
    if (found === null) return null;
    const statusCode = Number(found[1]);
    headEnd.lastIndex = statusLine.lastIndex;
    const isEnded = headEnd.test(text);
    const end = isEnded ? headEnd.lastIndex : text.length;
    if (statusCode > 199 || statusCode === 101) {
      const lines = unfolded(text.slice(found.index, end));
      return {
        statusCode,
        headers: headersOf(lines),
        framing: framingOf(statusCode, lines),
        bodyStart: isEnded ? end : null,
      };
    }
    if (!isEnded) return null;
    start = end;
  }
}

type Line = readonly [name: string, value: string];

function unfolded(head: string): readonly Line[] {
  const lines = head.replace(/\r*\n[ \t]+/g, ' ').split('\n');
  return lines.slice(1).map((line) => {
    const at = line.indexOf(':');
    return [line.slice(0, at).trim().toLowerCase(), line.slice(at + 1).trim()];
  });
}

function headersOf(lines: readonly Line[]): Readonly<Record<string, string>> {
  const headers: Record<string, string> = {};
  for (const [name, value] of lines) {
    if (/^[\w-]+$/.test(name) && !Object.hasOwn(headers, name)) setField(headers, name, value);
  }
  return headers;
}

/** Of several lengths the smallest: what comes after it may be no body. */
function framingOf(statusCode: number, lines: readonly Line[]): BodyFraming {
  if (statusCode === 204 || statusCode === 304 || statusCode === 101) return 'none';
  const valuesOf = (wanted: string): readonly string[] =>
    lines
      .filter(([name]) => name === wanted)
      .flatMap(([, value]) => value.split(',').map((each) => each.trim()));
  if (valuesOf('transfer-encoding').some((coding) => coding.toLowerCase() === 'chunked')) {
    return 'chunks';
  }
  const lengths = valuesOf('content-length').filter((length) => /^\d{1,15}$/.test(length));
  return lengths.length === 0 ? null : { bytes: Math.min(...lengths.map(Number)) };
}
