import { Buffer } from 'node:buffer';
import { Readable } from 'node:stream';
import type { Connection } from './connection.ts';
import { createOddBody, type OddBody } from './oddBody.ts';
import { ODD_HEAD_BYTES, readOddHead, type OddHead } from './oddHead.ts';

export interface OddAnswerListener {
  /** With the body, which ends where it says, with its connection, or after a silence where it says nothing. */
  onHead(head: OddHead, body: Readable): void;
  /** There is no more to come of a head that has no end; null when there is not even a status. */
  onNoBody(head: OddHead | null): void;
}

/** Whoever does not say where an answer ends is waited for this long. */
const SILENCE_MS = 1_000;

/**
 * Reads on after the parser has refused an answer, also what came before it did. The connection is taken from Node
 * and got, and closed by the function that this returns.
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
    // Read only when there is an end: it may come byte by byte.
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

/** There is a status line, or an interim one, or what may yet become one. */
function mayBecomeHead(beginning: string): boolean {
  return /^[\r\n]*(?:HTTP\/[\d.]*[ \t]*\d{0,3}$|HTTP\/[\d.]+[ \t]+[1-9]\d\d[ \t\r\n])/i.test(
    beginning,
  );
}
