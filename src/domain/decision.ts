import type { FailedReason, RecordedWebhook, SkippedReason } from './record.ts';
import type { Route, RouteLookup, Webhook } from './route.ts';

/** Everything a decision about a usable status depends on. There is no route to look up for an unusable one. */
export interface Facts {
  readonly route: RouteLookup;
  readonly isStale: boolean;
  /** GIVE_UP_AFTER has passed since a worker first read the status. */
  readonly isExpired: boolean;
  readonly isDisabled: (endpointKey: string) => boolean;
  /** Where it led when it was decided to notify; null until then. */
  readonly acceptedFor: RecordedWebhook | null;
}

export type Decision =
  | Readonly<{ kind: 'notify'; webhook: Webhook }>
  | Readonly<{ kind: 'skip'; reason: Exclude<SkippedReason, 'unusable_document'> }>
  | Readonly<{
      kind: 'fail';
      reason: Extract<
        FailedReason,
        'expired' | 'notification_withdrawn' | 'invalid_webhook' | 'endpoint_disabled'
      >;
      webhook: RecordedWebhook | null;
    }>
  /** The account never asked: nothing is recorded. */
  | Readonly<{ kind: 'ignore'; reason: 'not_opted_in' }>
  /** To be decided again later. */
  | Readonly<{ kind: 'routeUnknown' }>;

/**
 * Whether to notify: the first reason that applies wins, for a status from the stream, a retry, an attempt about to
 * begin and the operators' commands alike. docs/delivery-semantics.md has it as a table.
 */
export function decide(facts: Facts): Decision {
  const { route, isStale, isExpired, isDisabled, acceptedFor } = facts;
  if (route.kind === 'unknown') {
    return isExpired ? fail('expired', acceptedFor) : { kind: 'routeUnknown' };
  }
  if (route.kind === 'notOptedIn' || route.kind === 'missing') {
    if (acceptedFor !== null) return fail('notification_withdrawn', acceptedFor);
    if (route.kind === 'notOptedIn') return { kind: 'ignore', reason: 'not_opted_in' };
  }
  if (isStale) return { kind: 'skip', reason: 'stale' };
  if (route.kind === 'missing') return { kind: 'skip', reason: route.reason };
  if (route.kind === 'unusable') return fail('invalid_webhook', route);
  const { webhook } = route;
  if (isDisabled(webhook.endpointKey)) return fail('endpoint_disabled', webhook);
  if (isExpired) return fail('expired', acceptedFor ?? webhook);
  return { kind: 'notify', webhook };
}

function fail(
  reason: Extract<Decision, { kind: 'fail' }>['reason'],
  webhook: RecordedWebhook | null,
): Decision {
  return { kind: 'fail', reason, webhook };
}

/** Why a status that arrived now would not be notified. */
export type ReasonNow = Exclude<
  Extract<Decision, { reason: string }>['reason'],
  'stale' | 'expired' | 'notification_withdrawn'
>;

/** Null when it is. */
export function reasonNow(route: Route, isEndpointDisabled: boolean): ReasonNow | null {
  const decision = decide({
    route,
    isStale: false,
    isExpired: false,
    isDisabled: () => isEndpointDisabled,
    acceptedFor: null,
  });
  if (!('reason' in decision)) return null;
  const { reason } = decision;
  switch (reason) {
    case 'not_opted_in':
    case 'no_default_webhook':
    case 'flow_webhook_disabled':
    case 'invalid_webhook':
    case 'endpoint_disabled':
      return reason;
    case 'stale':
    case 'expired':
    case 'notification_withdrawn':
      return null;
    default:
      return reason satisfies never;
  }
}
