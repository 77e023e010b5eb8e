import { lostRecords } from '../domain/duplicates.ts';
import type { SmsName } from '../domain/notification.ts';
import type { PlainDocument } from '../domain/plainValue.ts';
import type { Lookup } from '../ports/notify.ts';
import type { NotifyContext } from './context.ts';

/** Puts back the records that are remembered and the document does not show. Resolves when they are durable. */
export async function restoreRecords(
  sms: SmsName,
  lookup: Lookup & { readonly document: PlainDocument },
  { recorder, logger }: NotifyContext,
): Promise<void> {
  const lost = lostRecords(lookup, lookup.document);
  if (lost.length === 0) return;
  await Promise.all(
    lost.map(async ({ notificationId, record, run }) => {
      await recorder.show({ ...sms, ...(run === undefined ? {} : { run }) }, record);
      logger.debug('record_restored', { notificationId });
    }),
  );
}

/**
 * After a whole-document save with no status to notify. Whatever the order in which this runs beside the SMS' other
 * changes, the document ends up the same. Rejects, with nothing lost, only because the worker is stopping.
 */
export async function restoreAfterSave(sms: SmsName, ctx: NotifyContext): Promise<void> {
  ctx.term.stopping.throwIfAborted();
  const hold = ctx.memory.remembered.open();
  try {
    const lookup = await ctx.lookUp({ ...sms, wants: 'records' }, hold);
    const { document, unreadable } = lookup;
    if (unreadable !== undefined) {
      ctx.logger.error('unusable_document', { smsKey: sms.smsKey, error: unreadable });
    }
    if (document !== null) await restoreRecords(sms, { ...lookup, document }, ctx);
  } finally {
    hold.release();
  }
}
