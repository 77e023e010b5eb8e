import type { Document, Filter } from 'mongodb';

/** Expressions that compare texts, each a field or a text that does not begin with `$`. */
export interface Comparisons {
  equal(one: string, other: string): Document;
  differ(one: string, other: string): Document;
  isOneOf(field: string, texts: readonly string[]): Document;
  /** What orders by this field; equal as a whole only for equal texts. */
  orderOf(field: string): readonly unknown[];
  /** The list in the order of two fields of its items, of which the second is a text. */
  sorted(list: Document, first: string, second: string): Document;
}

/** By bytes, whether or not the collection has a collation. */
export function comparisonsFor(hasCollation: boolean): Comparisons {
  return hasCollation ? ofHashes : ofTexts;
}

const ofTexts: Comparisons = {
  equal: (one, other) => ({ $eq: [one, other] }),
  differ: (one, other) => ({ $ne: [one, other] }),
  isOneOf: (field, texts) => ({ $in: [field, texts] }),
  orderOf: (field) => [field],
  sorted: (input, first, second) => ({
    $sortArray: { input, sortBy: { [first]: 1, [second]: 1 } },
  }),
};

/**
 * With a collation `$eq`, `$in` and sorting may find texts equal that differ: `Delivered` and `DELIVERED`. Hashes
 * are numbers, equal for equal bytes only. They have an order, if none that means anything.
 */
const ofHashes: Comparisons = {
  equal: (one, other) => ({ $eq: [byBytes(one), byBytes(other)] }),
  differ: (one, other) => ({ $ne: [byBytes(one), byBytes(other)] }),
  isOneOf: (field, texts) => ({ $in: [byBytes(field), texts.map(byBytes)] }),
  orderOf: (field) => [field, byBytes(field)],
  sorted(list, first, second) {
    const input = {
      $map: { input: list, in: { item: '$$this', hash: byBytes(`$$this.${second}`) } },
    };
    const sortBy = { [`item.${first}`]: 1, [`item.${second}`]: 1, hash: 1 };
    return { $map: { input: { $sortArray: { input, sortBy } }, in: '$$this.item' } };
  },
};

function byBytes(value: unknown): Document {
  return { $toHashedIndexKey: value };
}

/**
 * The document with this key, which the index on `_id` finds. With a collation one may be found whose `_id` is another
 * that compares as equal: another SMS.
 */
export function exactly(key: Document, hasCollation: boolean): Filter<Document> {
  if (!hasCollation) return key;
  const isSame = { $eq: [byBytes('$_id'), byBytes({ $literal: key['_id'] as unknown })] };
  return { ...key, $expr: isSame };
}
