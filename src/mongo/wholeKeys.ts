import type { Collection, Document } from 'mongodb';
import { createPatience, limits } from './calls.ts';
import type { MessageKeys } from './messageKeys.ts';
import { findByKeys } from './smsCollection.ts';
import { isDocument } from './storedRow.ts';
import { exactText } from './storedValue.ts';

/** For each document key that has an `_id`, whatever else it has or lacks; null where there is no such document. */
export type FindKeyHashes = (
  documentKeys: readonly unknown[],
) => Promise<readonly (number | null)[]>;

/** By the `_id`, of documents as they are now. Rejects when the database does not answer. */
export function createFindKeyHashes(
  sms: Collection,
  keys: Pick<MessageKeys, 'fields' | 'keyHashIn'>,
): FindKeyHashes {
  const limit = createPatience(limits.lookUp);
  return async (documentKeys) => {
    const ids = documentKeys.filter(hasId).map(({ _id }) => ({ _id: _id as unknown }));
    const projection = Object.fromEntries(keys.fields.map((path) => [path, 1]));
    const documents = await findByKeys(sms, ids, { projection, limit });
    const hashes = new Map(documents.map((each) => [exactText(each['_id']), keys.keyHashIn(each)]));
    return documentKeys.map((key) =>
      hasId(key) ? (hashes.get(exactText(key['_id'])) ?? null) : null,
    );
  };
}

function hasId(key: unknown): key is Document {
  return isDocument(key) && Object.hasOwn(key as Document, '_id');
}
