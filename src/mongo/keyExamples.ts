import { Binary, type Document, type Filter } from 'mongodb';
import type { KeyExamples } from '../ports/topicMemory.ts';
import { createPatience, findAll, limits, withDeadline } from './calls.ts';
import type { CheckpointRows } from './checkpoints.ts';
import { documentOf } from './storedRow.ts';
import { idOfFirstStart } from './topicMemory.ts';

/** In the row of the topic's first start. */
interface KeyExampleRow {
  readonly _id: string;
  readonly messageKey?: Binary;
  readonly documentKey?: Document;
}

export function createKeyExamples({
  checkpoints,
  topic,
}: Readonly<{ checkpoints: CheckpointRows; topic: string }>): KeyExamples {
  const rows = checkpoints.db.collection<KeyExampleRow>(checkpoints.collectionName);
  const patience = createPatience(limits.write);
  const ofTopic = { _id: idOfFirstStart(topic) };
  return {
    async load() {
      const [row] = await findAll(patience, rows, ofTopic, { keys: ['documentKey'] });
      const messageKey: unknown = row?.['messageKey'];
      const documentKey: unknown = row?.['documentKey'];
      const isExample =
        messageKey instanceof Binary && Object.hasOwn(documentOf(documentKey), '_id');
      return isExample ? { messageKey: messageKey.buffer, documentKey } : null;
    },
    async save({ messageKey, documentKey }) {
      const key = documentKey as Document;
      const filter = { ...ofTopic, ...isNotPartOfSaved(Object.keys(key)) };
      const $set = { messageKey: new Binary(messageKey), documentKey: key };
      await withDeadline(patience, () => rows.updateOne(filter, { $set }));
    },
  };
}

/** A document that lacks a field of the shard key has a key without it: an example of all the fields says more. */
function isNotPartOfSaved(names: readonly string[]): Filter<KeyExampleRow> {
  const isDocument = { $eq: [{ $type: '$documentKey' }, 'object'] };
  const fields = { $objectToArray: { $cond: [isDocument, '$documentKey', {}] } };
  const saved = { $map: { input: fields, in: '$$this.k' } };
  const own = { $literal: names };
  const isPart = {
    $and: [{ $setIsSubset: [own, saved] }, { $ne: [{ $size: saved }, names.length] }],
  };
  return { $expr: { $not: [isPart] } };
}
