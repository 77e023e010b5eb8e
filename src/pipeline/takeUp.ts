import { skippedRecord, uncalledRecord } from '../domain/buildRecord.ts';
import type { Change } from '../domain/change.ts';
import { decide } from '../domain/decision.ts';
import type { Notification, Subject } from '../domain/notification.ts';
import { notBeforeKnown } from '../domain/gap.ts';
import { overlayChange } from '../domain/overlay.ts';
import { buildPayload } from '../domain/payload.ts';
import type { PlainDocument } from '../domain/plainValue.ts';
import type { DeliveryRecord } from '../domain/record.ts';
import { RouteUnknown } from '../domain/routeUnknown.ts';
import { parseSmsDetail } from '../domain/smsDetail.ts';
import { isStale } from '../domain/statusAge.ts';
import { isDuplicate, knownTimes } from '../domain/suppression.ts';
import type { TimeZone } from '../domain/timeZone.ts';
import type { Hold } from '../runtime/byteBudget.ts';
import { toError } from '../runtime/errors.ts';
import type { EndpointStore, Metrics, RouteSource } from './ports.ts';
import type { ParkedNotification } from './retryPort.ts';
import { restoreRecords, type RestoreDeps } from './restoreRecords.ts';

export interface TakeUpDeps extends RestoreDeps {
  readonly routes: RouteSource;
  readonly endpoints: EndpointStore;
  readonly metrics: Metrics;
  readonly zone: TimeZone;
  readonly maxStatusAgeMs: number;
}

/** What is to be done about a change. */
export type TakenUp =
  /** Nothing; it was counted. */
  | Readonly<{ kind: 'nothing' }>
  | Readonly<{ kind: 'ended'; record: DeliveryRecord }>
  | Readonly<{
      kind: 'notify';
      notification: Notification;
      /** A predecessor's call for another status of this SMS may still be under way. */
      siblingClaimed: boolean;
    }>
  /** Its route can't be looked up now, while others can. */
  | Readonly<{ kind: 'undecided'; parked: UndecidedNotification }>;

/** All that is needed to decide later. */
export interface UndecidedNotification extends Pick<
  ParkedNotification,
  'subject' | 'accountId' | 'flowId' | 'body'
> {
  readonly isStale: boolean;
}

const nothing = { kind: 'nothing' } as const;

/**
 * Finds out whether a change is news, and decides about it. Waits for as long as a database does not
 * answer. Must run for one change of an SMS at a time. While its notification is under way here, a
 * change is no news, but a whole-document save may have removed records of older statuses. What a document that
 * is looked up takes is added to `hold`.
 */
export async function takeUp(
  change: Change,
  subject: Subject,
  { isUnderWay, hold }: Readonly<{ isUnderWay: boolean; hold: Hold }>,
  deps: TakeUpDeps,
): Promise<TakenUp> {
  // Not to be held while a route is waited for.
  const records = change.document === null ? null : deps.remembered.open();
  const learnt = await learn(change, subject, { isUnderWay, hold: records ?? hold }, deps).finally(
    () => records?.release(),
  );
  return learnt.kind === 'news' ? await judge(change, learnt.news, deps) : learnt;
}

/** What is known of a status that is news. */
interface News {
  readonly subject: Subject;
  /** The SMS as it is to be sent. */
  readonly document: PlainDocument;
  readonly siblingClaimed: boolean;
}

/** Keeps nothing of what is remembered but what tells whether the change is news. */
async function learn(
  change: Change,
  subject: Subject,
  { isUnderWay, hold }: Readonly<{ isUnderWay: boolean; hold: Hold }>,
  deps: TakeUpDeps,
): Promise<Extract<TakenUp, { kind: 'nothing' | 'ended' }> | { kind: 'news'; news: News }> {
  const { metrics, logger } = deps;
  const { notificationId, smsKey, documentKey } = subject;
  const wants = change.document === null ? 'document' : 'history';
  const lookup = await deps.lookUp({ documentKey, smsKey, notificationId, wants }, hold);
  if (lookup.unreadable !== undefined) {
    logger.error('unusable_document', { notificationId, error: lookup.unreadable });
    return { kind: 'ended', record: skippedRecord(subject, 'unusable_document') };
  }
  const document = change.document ?? lookup.document;
  if (document === null) {
    metrics.notNotified('document_gone');
    logger.info('document_gone', { notificationId, phase: 'read' });
    return nothing;
  }
  // Also after an update: a predecessor may have died between its ledger row and its record.
  await restoreRecords(subject, { ...lookup, document }, deps);
  const isParked = lookup.parked.some((row) => row.notificationId === notificationId);
  if (isUnderWay || isParked || isDuplicate(notificationId, lookup.ended, document)) {
    metrics.notNotified('duplicate');
    return nothing;
  }
  const siblingClaimed = lookup.parked.some((row) => row.isClaimed);
  const known = {
    showsNone: document['notify_on_delivery'] === undefined,
    ...subject,
    statusAt: notBeforeKnown(change, knownTimes(lookup, document)),
  };
  const news = { subject: known, document: overlayChange(document, change), siblingClaimed };
  return { kind: 'news', news };
}

/** Decides about a status that is news. */
async function judge(
  change: Change,
  { subject, document, siblingClaimed }: News,
  deps: TakeUpDeps,
): Promise<TakenUp> {
  const { routes, endpoints, stopping, maxStatusAgeMs, zone, logger } = deps;
  const { operation } = change;
  const { notificationId, deliveryStatus } = subject;
  const detail = parseSmsDetail(document);
  if (detail.kind === 'unusable') {
    logger.warn('unusable_document', { notificationId, problem: detail.problem });
    return { kind: 'ended', record: skippedRecord(subject, 'unusable_document') };
  }
  const { accountId, flowId } = detail;
  const route = await routes
    .find({ accountId, flowId, deliveryStatus }, stopping)
    .catch(nullWhenUnknown);
  if (route === null) {
    const { statusAt } = subject;
    const stale = isStale({ operation, document, statusAt, maxStatusAgeMs, zone });
    const body = buildPayload({ id: document['_id'] ?? null, document, zone });
    return { kind: 'undecided', parked: { subject, accountId, flowId, body, isStale: stale } };
  }
  const decision = decide({ subject, operation, document, detail, route, maxStatusAgeMs, zone });
  switch (decision.kind) {
    case 'notOptedIn':
      deps.metrics.notNotified('not_opted_in');
      return nothing;
    case 'skip':
      return { kind: 'ended', record: skippedRecord(subject, decision.reason) };
    case 'invalidWebhook': {
      const { webhookId, problem } = decision.route;
      logger.warn('invalid_webhook', { notificationId, webhookId, problem });
      return { kind: 'ended', record: uncalledRecord(subject, 'invalid_webhook', decision.route) };
    }
    case 'notify': {
      const { notification } = decision;
      const { webhook } = notification;
      if (endpoints.isDisabled(webhook.endpointKey)) {
        return { kind: 'ended', record: uncalledRecord(subject, 'endpoint_disabled', webhook) };
      }
      return { kind: 'notify', notification, siblingClaimed };
    }
    default:
      return decision satisfies never;
  }
}

/** For a route that can't be looked up: null. */
export function nullWhenUnknown(error: unknown): null {
  if (error instanceof RouteUnknown) return null;
  throw toError(error);
}
