import { Buffer } from 'node:buffer';
import { Readable } from 'node:stream';
import { setField } from '../domain/plainValue.ts';
import type { Connection } from './connection.ts';

export interface OddAnswerListener {
  /** With the body, which ends where it announces, with its connection, or after a silence if it announces nothing. */
  onHead(head: OddHead, body: Readable): void;
  /** No more comes of a head that has no end; null if there is not even a status. */
  onNoBody(head: OddHead | null): void;
}

/** The wait for more of an answer that does not announce its end. */
const SILENCE_MS = 1_000;

/**
 * Reads an answer further that the parser has refused, from its beginning. The connection is taken from Node and got, and
 * closed by the function that this returns.
 */
export function readOddAnswer(
  connection: Connection,
  { onHead, onNoBody }: OddAnswerListener,
): () => void {
  const chunks: Buffer[] = [];
  let size = 0;
  let beginning = '';
  let tail = '';
  let takeApart: OddBody | null = null;
  let endsByItself = false;
  let silence: NodeJS.Timeout | undefined;
  let isOver = false;
  const body = new Readable({ read: () => connection.resume() });

  const finish = (): void => {
    if (isOver) return;
    isOver = true;
    clearTimeout(silence);
    if (takeApart === null) onNoBody(readOddHead(Buffer.concat(chunks)));
    else body.push(null);
  };
  const takeBody = (read: OddBody, chunk: Buffer): void => {
    const { content, isOver: hasEnded } = read(chunk);
    for (const each of content) if (!body.push(each)) connection.pause();
    if (hasEnded) finish();
  };
  const takeHead = (chunk: Buffer): void => {
    chunks.push(chunk);
    size += chunk.length;
    const text = chunk.toString('latin1');
    beginning = `${beginning}${text}`.slice(0, 64);
    const ends = `${tail}${text}`;
    tail = ends.slice(-4);
    // Parsed only when there is an end: it may come byte by byte.
    const head = /\n\r*\n/.test(ends) ? readOddHead(Buffer.concat(chunks)) : null;
    if (head === null || head.bodyStart === null) {
      if (size > ODD_HEAD_BYTES || !mayBecomeHead(beginning)) finish();
      return;
    }
    takeApart = createOddBody(head.framing);
    endsByItself = head.framing !== null;
    onHead(head, body);
    takeBody(takeApart, Buffer.concat(chunks).subarray(head.bodyStart));
  };
  const take = (chunk: Buffer): void => {
    if (isOver) return;
    if (takeApart === null) takeHead(chunk);
    else takeBody(takeApart, chunk);
    clearTimeout(silence);
    if (!isOver && !endsByItself) silence = setTimeout(finish, SILENCE_MS);
  };
  connection.takeOver({ onData: take, onClose: finish });
  take(connection.answerSoFar());
  return () => {
    isOver = true;
    clearTimeout(silence);
    connection.close();
  };
}

/** There is a status line, or the beginning of one. */
function mayBecomeHead(beginning: string): boolean {
  return /^[\r\n]*(?:HTTP\/[\d.]*[ \t]*\d{0,3}$|HTTP\/[\d.]+[ \t]+[1-9]\d\d[ \t\r\n])/i.test(
    beginning,
  );
}

/** What can be read of an answer's head. */
export interface OddHead {
  readonly statusCode: number;
  /** Names in lower case; of several values the first. */
  readonly headers: Readonly<Record<string, string>>;
  readonly framing: BodyFraming;
  /** Where the body begins; null while the head has no end. */
  readonly bodyStart: number | null;
}

/** Where the body ends; null if unknown. */
export type BodyFraming = 'none' | 'chunks' | Readonly<{ bytes: number }> | null;

/** A longer head is not waited for. */
const ODD_HEAD_BYTES = 131_072;

const statusLine = /[\r\n]*HTTP\/\d{1,2}(?:\.\d{1,2})?[ \t]+([1-9]\d\d)(?=[ \t\r\n])/iy;
const headEnd = /\n\r*\n/g;

/**
 * Reads what a strict parser refused, as far as it is one answer: interim answers, then a status line, then everything
 * that looks like headers. Null if there is no status line, or not yet. Only for answers whose connection is then closed:
 * the end that this finds need not be the end that the receiver meant.
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

/** Of several lengths the smallest: what comes after it may not be body. */
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

/** Parses a body as it comes: which bytes are content, and whether it has ended. */
export type OddBody = (chunk: Buffer) => {
  readonly content: readonly Buffer[];
  readonly isOver: boolean;
};

export function createOddBody(framing: BodyFraming): OddBody {
  if (framing === null) return (chunk) => ({ content: [chunk], isOver: false });
  if (framing === 'chunks') return createChunks();
  return createCounted(framing === 'none' ? 0 : framing.bytes);
}

function createCounted(bytes: number): OddBody {
  let missing = bytes;
  return (chunk) => {
    const content = chunk.subarray(0, missing);
    missing -= content.length;
    return { content: [content], isOver: missing === 0 };
  };
}

/** A size on its own line, with anything after it on that line. */
const SIZE = /^\s*([\da-f]{1,12})(?![\da-f])/i;
const SIZE_LINE_BYTES = 4_096;

/** Ends at the empty chunk, and where no size can be read. */
function createChunks(): OddBody {
  let held: Buffer = Buffer.alloc(0);
  let missing = 0;
  let isOver = false;
  return (chunk) => {
    const content: Buffer[] = [];
    held = Buffer.concat([held, chunk]);
    while (!isOver && held.length > 0) {
      if (missing > 0) {
        const part = held.subarray(0, missing);
        content.push(part);
        missing -= part.length;
        held = held.subarray(part.length);
        continue;
      }
      const lineStart = startOfLine(held);
      const lineEnd = held.indexOf('\n', lineStart);
      if (lineEnd === -1) {
        isOver = held.length > SIZE_LINE_BYTES;
        break;
      }
      const size = SIZE.exec(held.toString('latin1', lineStart, lineEnd))?.[1];
      missing = size === undefined ? 0 : Number.parseInt(size, 16);
      isOver = missing === 0;
      held = held.subarray(lineEnd + 1);
    }
    return { content, isOver };
  };
}

/** After the line break that ends the chunk before. */
function startOfLine(bytes: Buffer): number {
  let at = 0;
  while (bytes[at] === 0x0d || bytes[at] === 0x0a) at += 1;
  return at;
}
