import { randomUUID } from 'node:crypto';
import { BSON, type Collection, type Document, type Filter } from 'mongodb';
import type { Gap } from '../domain/gap.ts';
import type { GapPage, GapStore } from '../pipeline/ports.ts';
import { toPlainDocument } from './plainDocument.ts';
import type { StateCollections } from './stateCollections.ts';

/** Documents read at once; the next page waits until all of these are settled. */
const PAGE_SIZE = 500;

/** How far a gap has been searched: `{ after }` so that "not begun" differs from an `_id` of null. */
interface Progress {
  readonly after: unknown;
}

export function createGapStore(options: {
  readonly sms: Collection;
  readonly gaps: StateCollections['gaps'];
  /** Documents whose time lies further before the gap than this are not even read. */
  readonly marginMs: number;
}): GapStore {
  const { sms, gaps, marginMs } = options;
  return {
    async add(from, to) {
      await gaps.insertOne({
        _id: randomUUID(),
        from,
        to,
        progress: null,
        recovered: 0,
        unplaceable: 0,
        createdAt: new Date(),
      });
    },
    async oldest() {
      const row = await gaps.findOne({}, { sort: { createdAt: 1 } });
      return row === null ? null : toGap(row);
    },
    async nextPage(gap) {
      const row = await gaps.findOne({ _id: gap.id });
      const progress = (row?.['progress'] ?? null) as Progress | null;
      const earliest = new Date(gap.from.getTime() - marginMs);
      // By bounds of the index, since a comparison of `_id` would see ids of one type only.
      const cursor = sms
        .find(mayBelong(earliest))
        .hint({ _id: 1 })
        .sort({ _id: 1 })
        .limit(PAGE_SIZE);
      if (progress !== null) cursor.min({ _id: progress.after });
      return toPage(await cursor.toArray(), progress);
    },
    async passed(gap, page, { recovered, unplaceable }) {
      await gaps.updateOne(
        { _id: gap.id },
        { $set: { progress: page.progress }, $inc: { recovered, unplaceable } },
      );
    },
    async remove(gap) {
      const row = await gaps.findOneAndDelete({ _id: gap.id });
      const count = (name: string): number => (row?.[name] as number | undefined) ?? 0;
      return { recovered: count('recovered'), unplaceable: count('unplaceable') };
    },
  };
}

function toGap(row: Document): Gap {
  return { id: row['_id'] as string, from: row['from'] as Date, to: row['to'] as Date };
}

/** The bound is inclusive: the document that ended the page before may come first once more. */
function toPage(documents: readonly Document[], before: Progress | null): GapPage {
  const last = documents.at(-1);
  const isLast = documents.length < PAGE_SIZE;
  return {
    found: documents.filter(isNew(before)).map((document) => ({
      documentKey: { opaque: { _id: document['_id'] as unknown } },
      document: toPlainDocument(document),
    })),
    progress: last === undefined ? before : { after: last['_id'] as unknown },
    isLast,
  };
}

function isNew(before: Progress | null): (document: Document) => boolean {
  if (before === null) return () => true;
  const passed = BSON.EJSON.stringify({ id: before.after });
  return (document) => BSON.EJSON.stringify({ id: document['_id'] as unknown }) !== passed;
}

/**
 * What has a status and a time not too long ago. A time that is text, or missing, only its reader can
 * place, so those come along.
 */
function mayBelong(earliest: Date): Filter<Document> {
  const recent = (field: string): Filter<Document> => ({
    $or: [{ [field]: { $gte: earliest } }, { [field]: { $type: 'string' } }],
  });
  const noDeliveryTime = { deliveryTime: { $not: { $type: 'date' } } };
  return {
    deliveryStatus: { $exists: true, $ne: null },
    $or: [
      recent('deliveryTime'),
      { ...noDeliveryTime, ...recent('sendTime') },
      { ...noDeliveryTime, sendTime: { $not: { $type: 'date' } } },
    ],
  };
}
