import type { Collection, Document } from 'mongodb';

interface AnyRow extends Document {
  readonly _id: string;
}

/** One of the worker's collections, for rows that the worker itself would not write. */
export function untyped(rows: { readonly collectionName: string }): Collection<AnyRow> {
  return rows as Collection<AnyRow>;
}
