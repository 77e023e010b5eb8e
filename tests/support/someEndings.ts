import { smsKey } from '../../src/domain/ids.ts';
import { toPlain } from '../../src/mongo/plainDocument.ts';
import type { RecordedEnding } from '../../src/ports/notify.ts';
import { delivered } from './mongoRecords.ts';

/** The end of a notification of the SMS with this `_id`; the record is a delivery unless given. */
export function anEnding(
  _id: unknown,
  { record = delivered('DELIVERED', { at: 1 }), ...fields }: Partial<RecordedEnding> = {},
): RecordedEnding {
  const key = smsKey(toPlain(_id)) ?? '';
  const notificationId = `${key}:${record.deliveryStatus}`;
  return {
    smsKey: key,
    documentKey: { opaque: { _id } },
    notificationId,
    record: { ...record, notificationId },
    showRecord: true,
    remember: true,
    claim: null,
    shows: null,
    ...fields,
  };
}
