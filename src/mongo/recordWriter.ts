import { type Collection, type Document } from 'mongodb';
import type { RecordedEnding, Metrics } from '../pipeline/ports.ts';
import type { Logger } from '../runtime/logger.ts';
import { expectedFailures, type PartlyDone } from './bulkFailures.ts';
import { limits, withDeadline, type Limit } from './calls.ts';
import { kindOf, type CollectionKind } from './collectionKind.ts';
import { exactly } from './comparisons.ts';
import { codes, serverCode } from './errorCodes.ts';
import { exactText } from './exactText.ts';
import { findByKeys } from './findByKeys.ts';
import { recordUpdate } from './recordUpdate.ts';
import { removeQuotes } from './withoutCommands.ts';

/**
 * A document that refuses this write for good: its validator, its size near 16 MB, or an immutable
 * field. Everything else may pass and is tried again.
 */
const refusals = new Set<number | undefined>([
  codes.documentValidationFailure,
  codes.objectTooLargeAfterUpdate,
  codes.bsonObjectTooLarge,
  codes.immutableField,
]);

export interface RecordWriter {
  /** Writes nothing, as records are written. */
  tryToWrite(limit: Limit): Promise<unknown>;
  /** Rejects when it is worth trying the whole batch again, which does no harm. */
  write(endings: readonly RecordedEnding[], limit?: Limit): Promise<void>;
}

/** How the writes of one batch are made. */
interface Way {
  readonly limit: Limit;
  readonly kind: CollectionKind;
}

export function createRecordWriter(options: {
  readonly sms: Collection;
  readonly logger: Logger;
  readonly metrics: Pick<Metrics, 'recordFailed'>;
}): RecordWriter {
  const { sms, logger, metrics } = options;

  const writeAll = async (
    endings: readonly RecordedEnding[],
    { limit, kind }: Way,
  ): Promise<PartlyDone> => {
    const operations = endings.map((ending) => ({ updateOne: operationOf(ending, kind) }));
    try {
      const { matchedCount } = await withDeadline(limit, () =>
        sms.bulkWrite(operations, { ordered: false }),
      );
      return { failed: new Set(), matchedCount };
    } catch (error) {
      return expectedFailures(error, (code) => refusals.has(code));
    }
  };

  /** A document that refuses the record gets it without the response, or not at all. */
  const writeOne = async (ending: RecordedEnding, key: Document, way: Way): Promise<void> => {
    const { notificationId, record } = ending;
    const { limit, kind } = way;
    const filter = exactly(key, kind.hasCollation);
    try {
      const { matchedCount } = await withDeadline(limit, () =>
        sms.updateOne(filter, updateOf(ending, kind)),
      );
      if (matchedCount === 0) logger.info('document_gone', { notificationId, phase: 'record' });
    } catch (error) {
      const code = serverCode(error);
      if (!refusals.has(code)) throw error;
      if (record.response !== undefined) {
        await writeOne(withoutResponse(ending), key, way);
        return;
      }
      metrics.recordFailed(String(code));
      removeQuotes(error);
      logger.error('record_failed', { notificationId, code, error });
    }
  };

  /** Of these, the documents that are gone or whose shard key has changed since the stream named them. */
  const findUnmatched = async (
    endings: readonly RecordedEnding[],
    limit: Limit,
  ): Promise<readonly RecordedEnding[]> => {
    const found = await findByKeys(sms, endings.map(keyOf), { projection: { _id: 1 }, limit });
    const present = new Set(found.map((document) => exactText(document['_id'])));
    return endings.filter((ending) => !present.has(exactText(keyOf(ending)['_id'])));
  };

  const writer: RecordWriter = {
    async tryToWrite(limit) {
      // Not `updateOne`, which a mongos takes only with a whole `_id` or shard key.
      const update = [{ $set: { notify_on_delivery: null } }];
      return await withDeadline(limit, () => sms.updateMany({ _id: { $in: [] } }, update));
    },
    async write(endings, limit = limits.write) {
      if (endings.length === 0) return;
      const way: Way = { limit, kind: await kindOf(sms) };
      const { failed, matchedCount } = await writeAll(endings, way);
      for (const index of failed) {
        const ending = endings[index];
        if (ending === undefined) continue;
        await writeOne(withoutResponse(ending), keyOf(ending), way);
      }
      const taken = endings.filter((_, index) => !failed.has(index));
      if (matchedCount === taken.length) return;
      if (taken.some(({ showsNone }) => showsNone)) {
        // Some have one by now. Those that were written can be written again.
        await writer.write(
          taken.map((ending) => ({ ...ending, showsNone: false })),
          limit,
        );
        return;
      }
      for (const ending of await findUnmatched(taken, limit)) {
        await writeOne(ending, { _id: keyOf(ending)['_id'] }, way);
      }
    },
  };
  return writer;
}

/**
 * A document without a record takes it as it is. That costs the worker a third, and the server two thirds, of
 * the update that decides what is to be shown (measured in batches of 30 and 200).
 */
function operationOf(ending: RecordedEnding, kind: CollectionKind) {
  const { record, showsNone } = ending;
  const filter = exactly(keyOf(ending), kind.hasCollation);
  return showsNone
    ? {
        filter: { notify_on_delivery: { $exists: false }, ...filter },
        update: { $set: { notify_on_delivery: record } },
      }
    : { filter, update: updateOf(ending, kind) };
}

function updateOf({ record, run }: RecordedEnding, { hasCollation }: CollectionKind): Document[] {
  return recordUpdate(record, { isAgain: run !== undefined, hasCollation });
}

function keyOf(ending: RecordedEnding): Document {
  return ending.documentKey.opaque as Document;
}

function withoutResponse(ending: RecordedEnding): RecordedEnding {
  const {
    response: _response,
    responseTruncated: _cut,
    responseEncoding: _encoding,
    ...record
  } = ending.record;
  return { ...ending, record };
}
