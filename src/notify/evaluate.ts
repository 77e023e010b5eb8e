import { noAttempts } from '../domain/attempt.ts';
import { attemptedRecord, type DeliveryRecord, skippedRecord } from '../domain/record.ts';
import type { Change } from '../domain/change.ts';
import { decide } from '../domain/decision.ts';
import { isDuplicate, knownTimes } from '../domain/duplicates.ts';
import { ownField, type PlainDocument } from '../domain/plainValue.ts';
import { notBeforeKnown } from '../domain/gap.ts';
import { type IntegerId, parseIntegerId } from '../domain/ids.ts';
import type { Notification, Subject } from '../domain/notification.ts';
import { buildPayload, overlayChange } from '../domain/payload.ts';
import { deadlineOf, routeWaitMs } from '../domain/retryPolicy.ts';
import { isStale, parseSmsDetail } from '../domain/sms.ts';
import type { NewRetry } from '../ports/retries.ts';
import type { EndedAt } from '../ports/statistics.ts';
import type { Trace } from '../ports/tracing.ts';
import type { Hold } from '../runtime/byteBudget.ts';
import type { NotifyContext } from './context.ts';
import { restoreRecords } from './restore.ts';

export interface Evaluated {
  readonly change: Change;
  readonly subject: Subject;
  /** Before anything was asked of a database: waiting for one counts. */
  readonly acceptedAt: Date;
  /** Grows by the document that is looked up. */
  readonly hold: Hold;
  /** Its notification is in progress in this process: then only lost records are put back. */
  readonly isActive: boolean;
  readonly trace: Trace;
  /** Nobody is asked for its route: whoever serves its row decides. */
  readonly leavesRouteOpen?: boolean;
}

/** What is to be done about a change. */
export type Evaluation =
  /** Nothing; it was counted. */
  | Readonly<{ kind: 'nothing' }>
  | (Readonly<{ kind: 'ended'; record: DeliveryRecord }> & EndedAt)
  | Readonly<{
      kind: 'notify';
      notification: Notification;
      /** What the database keeps of it, should it have to wait there. */
      retry: NewRetry;
      /** A predecessor may still be calling for another status of this SMS. */
      siblingClaimed: boolean;
      trace: Trace;
    }>
  /** Its route can't be looked up now, while others can, or is left open; it is to be due after `waitMs`. */
  | Readonly<{ kind: 'routeUnknown'; retry: NewRetry; waitMs: number; trace: Trace }>;

const nothing = { kind: 'nothing' } as const;

/**
 * Finds out whether a change brings a new status, and decides about it. Waits for as long as a database does not
 * answer. Must run for one change of an SMS at a time.
 */
export async function evaluate(what: Evaluated, ctx: NotifyContext): Promise<Evaluation> {
  const { change, hold } = what;
  // Not to be held while a route is waited for.
  const records = change.document === null ? null : ctx.memory.remembered.open();
  const learnt = await learn(what, records ?? hold, ctx).finally(() => records?.release());
  return learnt.kind === 'new' ? await decideNew(what, learnt, ctx) : learnt;
}

/** A status that was not notified before. */
interface NewStatus {
  readonly kind: 'new';
  readonly subject: Subject;
  /** The SMS as it is to be sent. */
  readonly document: PlainDocument;
  readonly siblingClaimed: boolean;
}

/** Keeps nothing of what is remembered but what tells whether the status is new. */
async function learn(
  { change, subject, isActive, trace }: Evaluated,
  hold: Hold,
  ctx: NotifyContext,
): Promise<Extract<Evaluation, { kind: 'nothing' | 'ended' }> | NewStatus> {
  const { metrics, logger } = ctx;
  const { notificationId, smsKey, documentKey } = subject;
  const wants = change.document === null ? 'document' : 'history';
  trace.begin('look-up');
  const lookup = await ctx.lookUp({ documentKey, smsKey, notificationId, wants }, hold);
  trace.done();
  if (lookup.unreadable !== undefined) {
    logger.error('unusable_document', { notificationId, error: lookup.unreadable });
    return unusable(subject);
  }
  const document = change.document ?? lookup.document;
  if (document === null) {
    metrics.notNotified('document_gone');
    logger.info('document_gone', { notificationId, phase: 'read' });
    return nothing;
  }
  // Also after an update: a predecessor may have died between its ledger row and its record.
  await restoreRecords(subject, { ...lookup, document }, ctx);
  const isWaiting = lookup.waiting.some((row) => row.notificationId === notificationId);
  if (isActive || isWaiting || isDuplicate(notificationId, lookup.ended, document)) {
    metrics.notNotified('duplicate');
    return nothing;
  }
  const siblingClaimed = lookup.waiting.some((row) => row.isClaimed);
  // By the time this one is shown, a waiting notification may be shown too.
  const showsNone = document['notify_on_delivery'] === undefined && lookup.waiting.length === 0;
  const known = {
    shows: showsNone ? ('none' as const) : null,
    ...subject,
    statusAt: notBeforeKnown(change, knownTimes(lookup, document)),
  };
  return {
    kind: 'new',
    subject: known,
    document: overlayChange(document, change),
    siblingClaimed,
  };
}

const unknownRoute = { kind: 'unknown' } as const;

async function decideNew(
  { change: { operation }, acceptedAt, trace, leavesRouteOpen = false }: Evaluated,
  { subject, document, siblingClaimed }: NewStatus,
  ctx: NotifyContext,
): Promise<Evaluation> {
  const { routes, endpoints, term, policy, clock, logger, metrics } = ctx;
  const { zone, maxStatusAgeMs } = policy;
  const { notificationId, deliveryStatus, statusAt } = subject;
  const detail = parseSmsDetail(document);
  if (detail.kind === 'unusable') {
    logger.warn('unusable_document', { notificationId, problem: detail.problem });
    return unusable(subject, parseIntegerId(ownField(document, 'accountID')));
  }
  const { accountId, flowId } = detail;
  trace.begin('decision');
  const route = leavesRouteOpen
    ? unknownRoute
    : await routes.find({ accountId, flowId, deliveryStatus }, term.stopping);
  // Reading a time in text is not for accounts that never asked.
  const stale =
    route.kind !== 'notOptedIn' && isStale({ operation, document, statusAt, maxStatusAgeMs, zone });
  const decision = decide({
    route,
    isStale: stale,
    isExpired: clock.now() > deadlineOf(acceptedAt, policy.giveUpAfterMs).getTime(),
    isDisabled: endpoints.isDisabled,
    acceptedFor: null,
  });
  trace.done();
  switch (decision.kind) {
    case 'ignore':
      metrics.notNotified(decision.reason);
      return nothing;
    case 'skip':
      return { kind: 'ended', accountId, record: skippedRecord(subject, decision.reason) };
    case 'fail': {
      const { reason, webhook } = decision;
      if (route.kind === 'unusable') {
        const { webhookId, problem } = route;
        logger.warn('invalid_webhook', { notificationId, webhookId, problem });
      }
      const failed = { state: 'failed', reason } as const;
      const record = attemptedRecord(subject, webhook, noAttempts, failed);
      return { kind: 'ended', accountId, webhook, record };
    }
    case 'routeUnknown':
    case 'notify': {
      const body = buildPayload({ id: document['_id'] ?? null, document, zone });
      const webhook = decision.kind === 'notify' ? decision.webhook : null;
      const firstTrace = trace.accepted({ accountId, flowId, webhook });
      const accepted = {
        subject,
        accountId,
        flowId,
        body,
        acceptedAt,
        log: noAttempts,
        firstTrace,
      };
      if (webhook === null) {
        const undecided = { isStale: stale, lookUps: 0 };
        const waitMs = leavesRouteOpen ? 0 : routeWaitMs(0);
        const retry = { ...accepted, webhook, undecided };
        return { kind: 'routeUnknown', retry, waitMs, trace };
      }
      // The spread at the end: V8 is slow to add to one.
      const notification = { accountId, flowId, webhook, body, ...subject };
      const retry = { webhook, undecided: null, ...accepted };
      return { kind: 'notify', notification, retry, siblingClaimed, trace };
    }
    default:
      return decision satisfies never;
  }
}

function unusable(
  subject: Subject,
  accountId: IntegerId | null = null,
): Extract<Evaluation, { kind: 'ended' }> {
  return { kind: 'ended', accountId, record: skippedRecord(subject, 'unusable_document') };
}
