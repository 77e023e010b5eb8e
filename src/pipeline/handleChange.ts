import { skippedRecord, uncalledRecord } from '../domain/buildRecord.ts';
import type { Change } from '../domain/change.ts';
import { decide, type Decision } from '../domain/decision.ts';
import type { Subject } from '../domain/notification.ts';
import { overlayChange } from '../domain/overlay.ts';
import type { PlainDocument } from '../domain/plainValue.ts';
import type { DeliveryRecord } from '../domain/record.ts';
import { parseSmsDetail } from '../domain/smsDetail.ts';
import { isDuplicate, lostRecords } from '../domain/suppression.ts';
import type { TimeZone } from '../domain/timeZone.ts';
import { notify, type NotifyDeps } from './notify.ts';
import type { Lookup, LookupRequest, OutcomeStore, RouteSource } from './ports.ts';

export interface HandleChangeDeps extends NotifyDeps {
  /** Batched: what is asked in the same moment is read in the same queries. */
  readonly lookUp: (request: LookupRequest) => Promise<Lookup>;
  readonly routes: RouteSource;
  readonly outcomes: OutcomeStore;
  readonly zone: TimeZone;
  readonly maxStatusAgeMs: number;
  readonly recordSkips: boolean;
}

/**
 * Takes one status of one SMS from the change to its end. When this resolves the change is settled:
 * whatever was to be written is durable. It must run for one change of an SMS at a time.
 * Rejects, with nothing ended, only because the worker is stopping; any other rejection is a bug.
 */
export async function handleChange(
  change: Change,
  subject: Subject,
  deps: HandleChangeDeps,
): Promise<void> {
  const { metrics, logger } = deps;
  deps.stopping.throwIfAborted();
  const lookup = await deps.lookUp({
    documentKey: subject.documentKey,
    smsKey: subject.smsKey,
    notificationId: subject.notificationId,
    wants: change.operation === 'update' ? 'document' : 'history',
  });
  const document = change.document ?? lookup.document;
  if (document === null) {
    metrics.notNotified('document_gone');
    logger.info('document_gone', { notificationId: subject.notificationId, phase: 'read' });
    return;
  }
  if (change.operation !== 'update') await restoreRecords(subject, lookup, document, deps);
  if (isDuplicate(subject.notificationId, lookup.ended, document)) {
    metrics.notNotified('duplicate');
    return;
  }
  await tell(change, subject, overlayChange(document, change), deps);
}

async function restoreRecords(
  subject: Subject,
  lookup: Lookup,
  document: PlainDocument,
  { outcomes, logger }: HandleChangeDeps,
): Promise<void> {
  const lost = lostRecords(lookup.ended, document);
  const { documentKey, smsKey } = subject;
  await Promise.all(
    lost.map(async (record) => {
      const { notificationId } = record;
      await outcomes.end({
        documentKey,
        smsKey,
        notificationId,
        record,
        showRecord: true,
        restoresRecord: true,
      });
      logger.debug('record_restored', { notificationId });
    }),
  );
}

/** Decides about a status that is news, and acts on it. `document` is the SMS as it is to be sent. */
async function tell(
  change: Change,
  subject: Subject,
  document: PlainDocument,
  deps: HandleChangeDeps,
): Promise<void> {
  const { routes, stopping, maxStatusAgeMs, zone } = deps;
  const { operation } = change;
  const detail = parseSmsDetail(document);
  if (detail.kind === 'unusable') {
    const { notificationId } = subject;
    deps.logger.warn('unusable_document', { notificationId, problem: detail.problem });
    await end(subject, skippedRecord(subject, 'unusable_document'), deps);
    return;
  }
  const { accountId, flowId } = detail;
  const key = { accountId, flowId, deliveryStatus: subject.deliveryStatus };
  const route = await routes.find(key, stopping);
  const decision = decide({ subject, operation, document, detail, route, maxStatusAgeMs, zone });
  if (decision.kind === 'notOptedIn') {
    deps.metrics.notNotified('not_opted_in');
    return;
  }
  await end(subject, await recordOf(decision, subject, deps), deps);
}

async function recordOf(
  decision: Exclude<Decision, { kind: 'notOptedIn' }>,
  subject: Subject,
  deps: HandleChangeDeps,
): Promise<DeliveryRecord> {
  switch (decision.kind) {
    case 'notify':
      return await notify(decision.notification, deps);
    case 'skip':
      return skippedRecord(subject, decision.reason);
    case 'invalidWebhook': {
      const { webhookId, problem } = decision.route;
      const { notificationId } = subject;
      deps.logger.warn('invalid_webhook', { notificationId, webhookId, problem });
      return uncalledRecord(subject, 'invalid_webhook', decision.route);
    }
    default:
      return decision satisfies never;
  }
}

async function end(
  subject: Subject,
  record: DeliveryRecord,
  { outcomes, metrics, logger, recordSkips }: HandleChangeDeps,
): Promise<void> {
  const { documentKey, smsKey, notificationId } = subject;
  const isSkipped = record.state === 'skipped';
  const showRecord = !isSkipped || recordSkips;
  await outcomes.end({
    documentKey,
    smsKey,
    notificationId,
    record,
    showRecord,
    restoresRecord: false,
  });
  const reason = record.reason ?? '';
  if (record.state !== 'retrying') metrics.notificationEnded(record.state, reason);
  if (isSkipped) logger.debug('notification_skipped', { notificationId, reason });
  if (record.state === 'failed') logger.warn('notification_failed', { notificationId, reason });
}
