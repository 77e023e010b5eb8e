import type { Collection, Document } from 'mongodb';
import type { DeliveryRecord } from '../domain/record.ts';
import type { Ending, Metrics } from '../pipeline/ports.ts';
import type { Logger } from '../runtime/logger.ts';
import { expectedFailures } from './bulkFailures.ts';
import { codes, serverCode } from './errorCodes.ts';
import { recordUpdate } from './recordUpdate.ts';
import { byKeys } from './smsStore.ts';

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
  /** Rejects when it is worth trying the whole batch again, which does no harm. */
  write(endings: readonly Ending[]): Promise<void>;
}

export function createRecordWriter(options: {
  readonly sms: Collection;
  readonly logger: Logger;
  readonly metrics: Metrics;
}): RecordWriter {
  const { sms, logger, metrics } = options;

  const writeOne = async (ending: Ending, record: DeliveryRecord): Promise<number> => {
    const key = ending.documentKey.opaque as Document;
    return (await sms.updateOne(key, recordUpdate(record))).matchedCount;
  };

  const writeRefused = async (ending: Ending): Promise<void> => {
    try {
      await writeOne(ending, withoutResponse(ending.record));
    } catch (error) {
      const code = serverCode(error);
      if (!refusals.has(code)) throw error;
      metrics.recordFailed(String(code));
      logger.error('record_failed', { notificationId: ending.notificationId, code, error });
    }
  };

  /** A document that is gone, or whose shard key has changed since the change stream named it. */
  const writeUnmatched = async (endings: readonly Ending[]): Promise<void> => {
    const keys = endings.map((ending) => ending.documentKey.opaque as Document);
    const found = await sms.find(byKeys(keys), { projection: { _id: 1 } }).toArray();
    const present = new Set(found.map((document) => JSON.stringify(document._id)));
    for (const ending of endings) {
      const id: unknown = (ending.documentKey.opaque as Document)['_id'];
      if (present.has(JSON.stringify(id))) continue;
      const result = await sms.updateOne({ _id: id as never }, recordUpdate(ending.record));
      if (result.matchedCount === 0) {
        logger.info('document_gone', { notificationId: ending.notificationId, phase: 'record' });
      }
    }
  };

  return {
    async write(endings) {
      if (endings.length === 0) return;
      try {
        const result = await sms.bulkWrite(
          endings.map((ending) => ({
            updateOne: {
              filter: ending.documentKey.opaque as Document,
              update: recordUpdate(ending.record),
            },
          })),
          { ordered: false },
        );
        if (result.matchedCount < endings.length) await writeUnmatched(endings);
      } catch (error) {
        for (const index of expectedFailures(error, (code) => refusals.has(code))) {
          const ending = endings[index];
          if (ending !== undefined) await writeRefused(ending);
        }
      }
    },
  };
}

function withoutResponse(record: DeliveryRecord): DeliveryRecord {
  const {
    response: _response,
    responseTruncated: _cut,
    responseEncoding: _encoding,
    ...rest
  } = record;
  return rest;
}
