import type { AbstractCursor, Document } from 'mongodb';
import { limits, withDeadline, type Limit } from './calls.ts';
import { decodeAll } from './decodeDocument.ts';

/** More documents than there can be in one answer: a full batch would leave the server's cursor open. */
export const FULL_BATCH = 100_000;

export interface Answer {
  /** One at least, if there are any. */
  readonly documents: readonly Document[];
  /** There are no others. */
  readonly isAll: boolean;
}

/**
 * What the server's first answer holds, which is 16 MB at most: all that is asked for, or as much of it as may be
 * held in memory. The cursor must let so many into one answer, as bytes (`asBytes`), and is at its end then.
 */
export async function readAnswer(cursor: AbstractCursor<Document>, limit: Limit): Promise<Answer> {
  const hasAny = await withDeadline(limit, () => cursor.hasNext());
  const documents = hasAny ? decodeAll(cursor.readBufferedDocuments()) : [];
  const isAll = cursor.id?.isZero() ?? true;
  if (!isAll) withDeadline(limits.ending, () => cursor.close()).catch(() => undefined);
  return { documents, isAll };
}
