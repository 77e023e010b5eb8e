import type { Collection, Document, Filter } from 'mongodb';
import { delay } from '../runtime/abort.ts';
import { limits, withDeadline, type Limit } from './calls.ts';
import { asBytes, decodeAll } from './decodeDocument.ts';
import { areTooMany } from './gapProgress.ts';
import { EXAMINED_AT_ONCE } from './readPage.ts';
import { firstDate, lastDate, mayBelong } from './mayBelong.ts';

/**
 * What has no time in `deliveryTime` that a `Date` can hold. Four ranges of an index on it, each exact:
 * a negation, or the type `array`, would go through all of the index, and one query for all would remember
 * every document. The index has no arrays, or it would not have been chosen.
 */
const ranges: readonly Filter<Document>[] = [
  { deliveryTime: null },
  {
    deliveryTime: {
      $type: [
        'minKey',
        'undefined',
        'number',
        'symbol',
        'string',
        'object',
        'binData',
        'objectId',
        'bool',
        'timestamp',
        'regex',
        'dbPointer',
        'javascript',
        'javascriptWithScope',
        'maxKey',
      ],
    },
  },
  { deliveryTime: { $lt: firstDate } },
  { deliveryTime: { $gt: lastDate } },
];

/**
 * The ids of the documents that have no time in `deliveryTime` and may belong to the gap all the same;
 * null when they are too many for a list. Reads what there is in short queries, and rests after each for as
 * long as it took: a condition would let one query go through millions of documents that do not satisfy it.
 */
export async function listOthers(
  sms: Collection,
  {
    index,
    earliest,
    signal,
    patience,
  }: Readonly<{ index: string; earliest: Date; signal: AbortSignal; patience: Limit }>,
): Promise<readonly unknown[] | null> {
  const ids: unknown[] = [];
  const projection = { isWanted: mayBelong(earliest) };
  for (const range of ranges) {
    const cursor = sms
      .find(range, { projection, batchSize: EXAMINED_AT_ONCE, ...asBytes })
      .hint(index);
    try {
      let begunAt = performance.now();
      while (await withDeadline(patience, () => cursor.hasNext())) {
        const batch = decodeAll(cursor.readBufferedDocuments());
        ids.push(...batch.filter(isWanted).map((document): unknown => document['_id']));
        if (areTooMany(ids)) return null;
        await delay(performance.now() - begunAt, signal);
        begunAt = performance.now();
      }
    } finally {
      await withDeadline(limits.ending, () => cursor.close()).catch(() => undefined);
    }
  }
  return ids;
}

function isWanted(document: Document): boolean {
  return document['isWanted'] === true;
}
