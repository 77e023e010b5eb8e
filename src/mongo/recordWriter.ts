import type { Collection, Document, Filter } from 'mongodb';
import type { RecordedEnding } from '../ports/notify.ts';
import type { Metrics } from '../ports/telemetry.ts';
import type { Logger } from '../runtime/logger.ts';
import { limits, redact, withDeadline, type Limit } from './calls.ts';
import { exactly } from './comparisons.ts';
import { codes, expectedFailures, serverCode, type PartlyDone } from './errors.ts';
import { ownReplacedBy, recordUpdate } from './recordUpdate.ts';
import { findByKeys, kindOf, without, type CollectionKind } from './smsCollection.ts';

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

export function createRecordWriter(options: {
  readonly sms: Collection;
  readonly logger: Logger;
  readonly metrics: Pick<Metrics, 'recordFailed'>;
}) {
  const { sms, logger, metrics } = options;

  const writeAll = async (
    endings: readonly RecordedEnding[],
    kind: CollectionKind,
    limit: Limit,
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
  const writeOne = async (
    ending: RecordedEnding,
    key: Document,
    way: { readonly kind: CollectionKind; readonly limit: Limit },
  ): Promise<void> => {
    const { notificationId, record } = ending;
    const { kind, limit } = way;
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
      redact(error);
      logger.error('record_failed', { notificationId, code, error });
    }
  };

  /** Of these, the documents that are gone or whose shard key has changed since the stream named them. */
  const findUnmatched = async (
    endings: readonly RecordedEnding[],
    limit: Limit,
  ): Promise<readonly RecordedEnding[]> => {
    const keys = endings.map(keyOf);
    const found = await findByKeys(sms, keys, { projection: { _id: 1 }, limit });
    const missing = new Set(without(keys, found));
    return endings.filter((ending) => missing.has(keyOf(ending)));
  };

  const write = async (
    endings: readonly RecordedEnding[],
    limit: Limit = limits.write,
  ): Promise<void> => {
    if (endings.length === 0) return;
    const kind = await kindOf(sms);
    const way = { kind, limit };
    const { failed, matchedCount } = await writeAll(endings, kind, limit);
    const refused = endings.filter((_, index) => failed.has(index));
    for (const ending of refused) await writeOne(withoutResponse(ending), keyOf(ending), way);
    const taken = endings.filter((_, index) => !failed.has(index));
    if (matchedCount === taken.length) return;
    if (taken.some(({ shows }) => shows !== null)) {
      // Some show another one by now. Those that were written can be written again.
      await write(
        taken.map((ending) => ({ ...ending, shows: null })),
        limit,
      );
      return;
    }
    for (const ending of await findUnmatched(taken, limit)) {
      await writeOne(ending, { _id: keyOf(ending)['_id'] }, way);
    }
  };
  return {
    /** Writes nothing, as records are written. */
    async tryToWrite(limit: Limit): Promise<void> {
      // Not `updateOne`, which a mongos takes only with a whole `_id` or shard key.
      const update = [{ $set: { notify_on_delivery: null } }];
      await withDeadline(limit, () => sms.updateMany({ _id: { $in: [] } }, update));
    },
    /** Rejects when it is worth trying the whole batch again, which does no harm. */
    write,
  };
}

/**
 * A document that shows what the record replaces takes it as it is. That costs the worker a third, and the server two
 * thirds, of the update that decides what is to be shown (measured in batches of 30 and 200).
 */
function operationOf(ending: RecordedEnding, kind: CollectionKind) {
  const filter = exactly(keyOf(ending), kind.hasCollation);
  const replaced = replacedBy(ending, kind);
  return replaced === null
    ? { filter, update: updateOf(ending, kind) }
    : {
        filter: { ...replaced, ...filter },
        update: { $set: { notify_on_delivery: ending.record } },
      };
}

/** Matches a document of which `recordUpdate` would make the same; null where that is not known to be cheaper. */
function replacedBy(ending: RecordedEnding, kind: CollectionKind): Filter<Document> | null {
  if (ending.shows === 'none') return { notify_on_delivery: { $exists: false } };
  // A collation may find ids equal that differ.
  if (ending.shows === null || kind.hasCollation) return null;
  return ownReplacedBy(ending.record, { isReplay: ending.run !== undefined });
}

function updateOf({ record, run }: RecordedEnding, { hasCollation }: CollectionKind): Document[] {
  return recordUpdate(record, { isReplay: run !== undefined, hasCollation });
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
