import type { SmsName, Subject } from '../domain/notification.ts';
import type { DeliveryRecord } from '../domain/record.ts';
import type { Logger } from '../runtime/logger.ts';
import type { Ending, OutcomeStore } from '../ports/notify.ts';
import type { EndedAt, Statistics } from '../ports/statistics.ts';
import type { Metrics } from '../ports/telemetry.ts';

/** What has ended, and whose it was. */
export type EndedSubject = Subject & EndedAt;

/** Writes what became of a notification. Each resolves when it is durable. */
export interface Recorder {
  /**
   * It has ended: remembered, shown, and its row in durable state, if `claim` names one, removed.
   * `also` as in `Ending`.
   */
  end(
    subject: EndedSubject,
    record: DeliveryRecord,
    claim: string | null,
    also?: Pick<Ending, 'remembered' | 'onRemembered' | 'location'>,
  ): Promise<void>;
  /** Shows a record without an end: one put back, or of a notification that waits for a retry. */
  show(sms: SmsName & Pick<Subject, 'run'>, record: DeliveryRecord): Promise<void>;
  /** Removes the row of a notification that the ledger says has ended, and shows that end once more. */
  closeRow(subject: Subject, record: DeliveryRecord | null, claim: string): Promise<void>;
}

export function createRecorder(deps: {
  readonly outcomes: OutcomeStore;
  readonly metrics: Metrics;
  readonly statistics: Statistics;
  readonly logger: Logger;
  readonly recordSkips: boolean;
}): Recorder {
  const { outcomes, metrics, statistics, logger, recordSkips } = deps;
  return {
    async end(subject, record, claim, also) {
      const { documentKey, smsKey, notificationId, accountId, shows = null } = subject;
      const isSkipped = record.state === 'skipped';
      const showRecord = !isSkipped || recordSkips;
      const name = { documentKey, smsKey, notificationId, accountId, shows, ...runOf(subject) };
      await outcomes.end({ record, claim, showRecord, remember: true, ...also, ...name });
      const reason = record.reason ?? '';
      if (record.state !== 'retrying') {
        metrics.notificationEnded(record.state, reason);
        statistics.notificationEnded(subject, record.state);
      }
      if (isSkipped) logger.debug('notification_skipped', { notificationId, reason });
      if (record.state === 'failed') {
        const { webhookId = null, attempts, statusCode, error } = record;
        const outcome = { reason, attempts, statusCode, error };
        logger.warn('notification_failed', { notificationId, accountId, webhookId, ...outcome });
      }
    },
    async show(sms, record) {
      const { documentKey, smsKey, shows = null } = sms;
      const { notificationId } = record;
      const name = { documentKey, smsKey, notificationId, shows, ...runOf(sms) };
      await outcomes.end({ record, claim: null, showRecord: true, remember: false, ...name });
    },
    async closeRow(subject, record, claim) {
      const { documentKey, smsKey, notificationId } = subject;
      const name = { documentKey, smsKey, notificationId, shows: null, ...runOf(subject) };
      await outcomes.end({ record, claim, showRecord: record !== null, remember: false, ...name });
    },
  };
}

function runOf({ run }: Pick<Subject, 'run'>): Pick<Subject, 'run'> {
  return run === undefined ? {} : { run };
}
