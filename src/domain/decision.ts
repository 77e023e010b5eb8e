import type { Change } from './change.ts';
import type { Notification, Subject } from './notification.ts';
import { buildPayload } from './payload.ts';
import type { PlainDocument } from './plainValue.ts';
import type { SkippedReason } from './record.ts';
import type { Route } from './route.ts';
import type { SmsDetail } from './smsDetail.ts';
import { isStale } from './statusAge.ts';
import type { TimeZone } from './timeZone.ts';

/** Whether a status of a usable SMS is told to the customer, and if not, why. */
export type Decision =
  | Readonly<{ kind: 'notify'; notification: Notification }>
  | Readonly<{ kind: 'skip'; reason: SkippedReason }>
  | Readonly<{ kind: 'invalidWebhook'; route: Extract<Route, { kind: 'unusable' }> }>
  /** The account never asked: nothing is recorded either. */
  | Readonly<{ kind: 'notOptedIn' }>;

export interface DecisionInput {
  readonly subject: Subject;
  readonly operation: Change['operation'];
  /** The SMS as it is to be sent: the change laid over the document. */
  readonly document: PlainDocument;
  readonly detail: Extract<SmsDetail, { kind: 'usable' }>;
  readonly route: Route;
  readonly maxStatusAgeMs: number;
  readonly zone: TimeZone;
}

/** The first reason that applies wins, in this order. */
export function decide(input: DecisionInput): Decision {
  const { subject, operation, document, detail, route, maxStatusAgeMs, zone } = input;
  if (route.kind === 'notOptedIn') return { kind: 'notOptedIn' };
  const { statusAt } = subject;
  if (isStale({ operation, document, statusAt, maxStatusAgeMs, zone })) {
    return { kind: 'skip', reason: 'stale' };
  }
  if (route.kind === 'missing') return { kind: 'skip', reason: route.reason };
  if (route.kind === 'unusable') return { kind: 'invalidWebhook', route };
  const { accountId, flowId } = detail;
  const body = buildPayload({ id: document['_id'] ?? null, document, zone });
  const { webhook } = route;
  // The spread at the end: V8 is slow to add to one.
  return { kind: 'notify', notification: { accountId, flowId, webhook, body, ...subject } };
}
