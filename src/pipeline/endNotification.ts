import type { SmsName, Subject } from '../domain/notification.ts';
import type { DeliveryRecord } from '../domain/record.ts';
import type { Logger } from '../runtime/logger.ts';
import type { Metrics, OutcomeStore } from './ports.ts';

/** Writes what became of a notification. Each resolves when it is durable. */
export interface EndNotification {
  /**
   * It has ended: remembered, shown, and its row in durable state, if `claim` names one, removed.
   * `onRemembered` as in `Ending`.
   */
  write(
    subject: Subject,
    record: DeliveryRecord,
    claim: string | null,
    onRemembered?: () => Promise<void>,
  ): Promise<void>;
  /** Shows a record without an end: one put back, or of a notification that waits for a retry. */
  show(sms: SmsName & Pick<Subject, 'run'>, record: DeliveryRecord): Promise<void>;
  /** Removes the row of a notification that the ledger says has ended, and shows that end once more. */
  finish(subject: Subject, record: DeliveryRecord | null, claim: string): Promise<void>;
}

export function createEndNotification(deps: {
  readonly outcomes: OutcomeStore;
  readonly metrics: Metrics;
  readonly logger: Logger;
  readonly recordSkips: boolean;
}): EndNotification {
  const { outcomes, metrics, logger, recordSkips } = deps;
  return {
    async write(subject, record, claim, onRemembered) {
      const { documentKey, smsKey, notificationId, showsNone = false } = subject;
      const isSkipped = record.state === 'skipped';
      const showRecord = !isSkipped || recordSkips;
      const name = { documentKey, smsKey, notificationId, showsNone, ...runOf(subject) };
      const also = onRemembered === undefined ? {} : { onRemembered };
      await outcomes.end({ record, claim, showRecord, remember: true, ...also, ...name });
      const reason = record.reason ?? '';
      if (record.state !== 'retrying') metrics.notificationEnded(record.state, reason);
      if (isSkipped) logger.debug('notification_skipped', { notificationId, reason });
      if (record.state === 'failed') logger.warn('notification_failed', { notificationId, reason });
    },
    async show(sms, record) {
      const { documentKey, smsKey } = sms;
      const { notificationId } = record;
      const name = { documentKey, smsKey, notificationId, showsNone: false, ...runOf(sms) };
      await outcomes.end({ record, claim: null, showRecord: true, remember: false, ...name });
    },
    async finish(subject, record, claim) {
      const { documentKey, smsKey, notificationId } = subject;
      const name = { documentKey, smsKey, notificationId, showsNone: false, ...runOf(subject) };
      await outcomes.end({ record, claim, showRecord: record !== null, remember: false, ...name });
    },
  };
}

function runOf({ run }: Pick<Subject, 'run'>): Pick<Subject, 'run'> {
  return run === undefined ? {} : { run };
}
