import { Buffer } from 'node:buffer';

/** Where the bytes of an answer ended: where it announced, after that, or unknown. */
export type AnswerEnd = 'where announced' | 'later' | 'unknown';

/** What a connection has received since its call began. */
export interface AnswerBytes {
  add(chunk: Buffer): void;
  /** The parser has read the head: what comes now is only counted. */
  headWasRead(): void;
  /** The bytes until the head was read; of a head that never ends, the beginning. */
  untilHead(): Buffer;
  isEmpty(): boolean;
  /** More came than any head is long, and none has ended. */
  isTooLong(): boolean;
  /** Of an answer that has arrived in full. */
  end(answer: AnswerHead): AnswerEnd;
  clear(): void;
}

interface AnswerHead {
  readonly statusCode?: number | undefined;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
}

const HEAD_END = '\r\n\r\n';
const LAST_CHUNK = Buffer.from('0\r\n\r\n');
/** More than the parser accepts for one head, with room for interim answers before it. */
const KEPT_BYTES = 131_072;

/** Counts bytes, since a parser that continues after an answer silently drops what may be the beginning of another. */
export function createAnswerBytes(): AnswerBytes {
  let kept: Buffer[] = [];
  let size = 0;
  let tail: Buffer = LAST_CHUNK;
  let isKeeping = true;

  const untilHead = (): Buffer => {
    const [first, second] = kept;
    if (first !== undefined && second === undefined) return first;
    kept = [Buffer.concat(kept)];
    return kept[0] ?? LAST_CHUNK;
  };
  return {
    add(chunk) {
      if (isKeeping && size < KEPT_BYTES) kept.push(chunk);
      size += chunk.length;
      tail =
        chunk.length >= LAST_CHUNK.length
          ? chunk
          : Buffer.concat([tail.subarray(-LAST_CHUNK.length), chunk]);
    },
    headWasRead() {
      isKeeping = false;
    },
    untilHead,
    isEmpty: () => size === 0,
    isTooLong: () => isKeeping && size > KEPT_BYTES,
    end({ statusCode, headers }) {
      const headBytes = lengthOfHeads(untilHead());
      if (headBytes === null) return 'unknown';
      const length = headers['content-length'];
      const encoding = headers['transfer-encoding'];
      if (statusCode === 204 || statusCode === 304) {
        // A receiver that announces a body may send it.
        const isBare = encoding === undefined && (length === undefined || Number(length) === 0);
        return isBare ? compare(size, headBytes) : 'unknown';
      }
      if (encoding !== undefined) {
        const isChunked = encoding === 'chunked' && length === undefined;
        return isChunked && tail.subarray(-LAST_CHUNK.length).equals(LAST_CHUNK)
          ? 'where announced'
          : 'unknown';
      }
      return length === undefined ? 'unknown' : compare(size, headBytes + Number(length));
    },
    clear() {
      kept = [];
      size = 0;
      isKeeping = true;
    },
  };
}

function compare(size: number, announced: number): AnswerEnd {
  if (size === announced) return 'where announced';
  return size > announced ? 'later' : 'unknown';
}

/** Including the interim answers before it. */
function lengthOfHeads(bytes: Buffer): number | null {
  for (let start = 0; ;) {
    const end = bytes.indexOf(HEAD_END, start);
    if (end === -1) return null;
    const isInterim = /^HTTP\/1\.[01] 1/.test(bytes.toString('latin1', start, start + 10));
    start = end + HEAD_END.length;
    if (!isInterim) return start;
  }
}
