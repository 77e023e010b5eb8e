import { Buffer, isUtf8 } from 'node:buffer';
import type { ResponseContent } from '../domain/attempt.ts';

/** What was read of a response's body. */
export interface ReadBody {
  readonly bytes: Buffer;
  /** The body went on beyond the limit. */
  readonly truncated: boolean;
  /** The body ended where it meant to: not truncated, not cut short by a fault. */
  readonly whole: boolean;
}

/**
 * The body as it is stored: text when it is UTF-8, else base64. A byte order mark stays, so that the text
 * is the body. A body that broke off may have broken off inside a character; that does not make it binary.
 * Null when there was nothing to read.
 */
export function toResponseContent({ bytes, truncated, whole }: ReadBody): ResponseContent | null {
  if (bytes.length === 0 && !truncated) return null;
  const text = whole ? wholeText(bytes) : textUpToLastCharacter(bytes);
  return text === null
    ? { text: bytes.toString('base64'), encoding: 'base64', truncated }
    : { text, encoding: 'utf8', truncated };
}

function wholeText(bytes: Buffer): string | null {
  return isUtf8(bytes) ? bytes.toString('utf8') : null;
}

function textUpToLastCharacter(bytes: Buffer): string | null {
  try {
    // `stream` holds an unfinished character back for bytes to come instead of rejecting it.
    const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
    return decoder.decode(bytes, { stream: true });
  } catch {
    return null;
  }
}
