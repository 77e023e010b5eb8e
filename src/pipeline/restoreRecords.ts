import type { SmsName } from '../domain/notification.ts';
import { lostRecords } from '../domain/suppression.ts';
import type { PlainDocument } from '../domain/plainValue.ts';
import type { ByteBudget } from '../runtime/byteBudget.ts';
import type { Logger } from '../runtime/logger.ts';
import type { EndNotification } from './endNotification.ts';
import type { LookUp } from './lookUps.ts';
import type { Lookup } from './ports.ts';

export interface RestoreDeps {
  readonly lookUp: LookUp;
  /** What is held of records that were looked up: until those that the document has lost are durable. */
  readonly remembered: ByteBudget;
  readonly end: EndNotification;
  readonly logger: Logger;
  readonly stopping: AbortSignal;
}

/** Puts back the records that are remembered and the document does not show. Resolves when they are durable. */
export async function restoreRecords(
  sms: SmsName,
  lookup: Lookup & { readonly document: PlainDocument },
  { end, logger }: RestoreDeps,
): Promise<void> {
  const lost = lostRecords(lookup, lookup.document);
  if (lost.length === 0) return;
  await Promise.all(
    lost.map(async ({ notificationId, record, run }) => {
      await end.show({ ...sms, ...(run === undefined ? {} : { run }) }, record);
      logger.debug('record_restored', { notificationId });
    }),
  );
}

/**
 * After a whole-document save that tells of no status, or of none to be told. In whatever order this runs
 * beside the SMS' other changes, the document ends up the same. Rejects, with nothing lost, only because the
 * worker is stopping.
 */
export async function restoreAfterSave(sms: SmsName, deps: RestoreDeps): Promise<void> {
  deps.stopping.throwIfAborted();
  const hold = deps.remembered.open();
  try {
    const lookup = await deps.lookUp({ ...sms, wants: 'records' }, hold);
    const { document, unreadable } = lookup;
    if (unreadable !== undefined) {
      deps.logger.error('unusable_document', { smsKey: sms.smsKey, error: unreadable });
    }
    if (document !== null) await restoreRecords(sms, { ...lookup, document }, deps);
  } finally {
    hold.release();
  }
}
