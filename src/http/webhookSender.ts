import type { AttemptOutcome } from '../domain/attempt.ts';
import { displayLocation } from '../domain/redirect.ts';
import type { WebhookSender } from '../ports/notify.ts';
import { roomForAll } from '../runtime/readingRoom.ts';
import { createConnectionPool } from './connectionPool.ts';
import { createEgress, type EgressOptions } from './egress.ts';
import { exchange, type Exchange, type ExchangeLimits } from './exchange.ts';
import { toResponseContent } from './responseBody.ts';
import { attemptHeaders } from './headers.ts';
import { createWebhookClient } from './webhookClient.ts';

export interface WebhookSenderOptions extends ExchangeLimits {
  /** Sizes the pool of connections; the caller must respect it. */
  readonly maxInFlight: number;
  /** So that a changed DNS entry is followed even if a connection is in constant use. */
  readonly connectionMaxAgeMs: number;
  readonly userAgent: string;
  readonly egress: EgressOptions;
  readonly clock: Readonly<{ now(): Date }>;
}

/**
 * Makes the calls. `send` rejects only when its signal is aborted, with the signal's reason; whether the
 * receiver got the call is then unknown. `close` also ends running calls.
 */
export function createWebhookSender(
  options: WebhookSenderOptions,
): WebhookSender & { close(): void } {
  const { userAgent, clock } = options;
  const egress = createEgress(options.egress, options);
  const pool = createConnectionPool({ ...options, egress });
  const post = createWebhookClient(pool, userAgent);
  return {
    async send(attempt, signal, share = roomForAll) {
      signal.throwIfAborted();
      const startedAt = clock.now();
      const startedMs = performance.now();
      // got throws for this name, which it reserves for socket files.
      if (attempt.webhook.url.hostname === 'unix') {
        return { startedAt, durationMs: 0, kind: 'unanswered', error: 'dns_error' };
      }
      const request = post(attempt.webhook, attemptHeaders(attempt, startedAt), attempt.body);
      const result = await exchange(request, options, { signal, share });
      const durationMs = Math.round(performance.now() - startedMs);
      return { startedAt, durationMs, ...answerOf(result, attempt.webhook.url) };
    },
    close: pool.close,
  };
}

type Untimed<T> = T extends unknown ? Omit<T, 'startedAt' | 'durationMs'> : never;

function answerOf(
  { statusCode, headers, bytes, truncated, fault }: Exchange,
  url: URL,
): Untimed<AttemptOutcome> {
  if (statusCode === null) return { kind: 'unanswered', error: fault ?? 'network_error' };
  const whole = fault === null && !truncated;
  const isRedirect = statusCode >= 300 && statusCode <= 399;
  const location = isRedirect ? displayLocation(headers.location, url) : null;
  return {
    kind: 'answered',
    statusCode,
    response: toResponseContent({ bytes, truncated, whole }),
    error: fault,
    retryAfter: headers['retry-after'] ?? null,
    deliveryControl: deliveryControlOf(headers['webhook-delivery']),
    ...(location !== null && { location }),
  };
}

function deliveryControlOf(
  header: string | string[] | undefined,
): 'disable' | 'abort-message' | null {
  const asked = String(header ?? '')
    .trim()
    .toLowerCase();
  return asked === 'disable' || asked === 'abort-message' ? asked : null;
}
