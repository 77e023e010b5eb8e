import type { Attributes } from '@opentelemetry/api';
import type { AttemptOutcome } from '../../domain/attempt.ts';
import type { Webhook } from '../../domain/route.ts';

/** Attributes that no convention names. */
export const OWN = {
  notificationId: 'notify_on_delivery.notification_id',
  deliveryStatus: 'notify_on_delivery.delivery_status',
  accountId: 'notify_on_delivery.account_id',
  flowId: 'notify_on_delivery.flow_id',
  webhookId: 'notify_on_delivery.webhook_id',
  state: 'notify_on_delivery.state',
  reason: 'notify_on_delivery.reason',
  attempt: 'notify_on_delivery.attempt',
} as const;

/**
 * By the semantic conventions for HTTP clients. The URL as it may be shown: its user, password and query may be
 * secret, and so may all headers.
 */
export function attributesOfCall(webhook: Webhook, attempt: number): Attributes {
  const { url, displayUrl } = webhook;
  const port = url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port);
  return {
    'http.request.method': 'POST',
    'url.full': displayUrl,
    'server.address': url.hostname.replace(/^\[(.*)\]$/, '$1'),
    'server.port': port,
    [OWN.attempt]: attempt,
    ...(attempt > 1 && { 'http.request.resend_count': attempt - 1 }),
  };
}

/** A status below 400 is no error to the conventions, whatever it is to a notification. */
export function attributesOfOutcome(
  outcome: AttemptOutcome,
): Readonly<{ attributes: Attributes; isError: boolean }> {
  if (outcome.kind === 'unanswered') {
    return { attributes: { 'error.type': outcome.error }, isError: true };
  }
  const { statusCode, error } = outcome;
  const type = error ?? (statusCode >= 400 ? String(statusCode) : null);
  return {
    attributes: {
      'http.response.status_code': statusCode,
      ...(type !== null && { 'error.type': type }),
    },
    isError: type !== null,
  };
}
