import type { AttemptOutcome } from '../domain/attempt.ts';
import { displayLocation } from '../domain/redirect.ts';
import type { Share } from '../runtime/readingRoom.ts';
import type { Call } from './call.ts';
import { createConnectionPool } from './connectionPool.ts';
import { createEgress, type EgressOptions } from './egress.ts';
import { exchange, type Exchange, type ExchangeLimits, type OnAbort } from './exchange.ts';
import { attemptHeaders } from './headers.ts';
import { toResponseContent } from './responseBody.ts';
import { createWebhookClient } from './webhookClient.ts';

export interface CallOptions extends ExchangeLimits {
  /** Sizes the pool of connections; the caller must respect it. */
  readonly maxInFlight: number;
  /** So that a changed DNS entry is followed even if a connection is in constant use. */
  readonly connectionMaxAgeMs: number;
  readonly userAgent: string;
  readonly egress: EgressOptions;
}

export interface Calls {
  /** Rejects only on an abort, with its reason; whether the receiver got the call is then unknown. */
  make(call: Call, by: Readonly<{ onAbort: OnAbort; share: Share }>): Promise<AttemptOutcome>;
  /** Also ends running calls. */
  close(): void;
}

/** Makes the calls, on the thread that asks for them. */
export function createCalls(options: CallOptions): Calls {
  const egress = createEgress(options.egress, options);
  const pool = createConnectionPool({ ...options, egress });
  const post = createWebhookClient(pool, options.userAgent);
  return {
    async make(call, by) {
      const { webhook, startedAt } = call;
      const startedMs = performance.now();
      // got throws for this name, which it reserves for socket files.
      if (webhook.url.hostname === 'unix') {
        return { startedAt, durationMs: 0, kind: 'unanswered', error: 'dns_error' };
      }
      const request = post(webhook, attemptHeaders(call), call.body);
      const result = await exchange(request, options, by);
      const durationMs = Math.round(performance.now() - startedMs);
      return { startedAt, durationMs, ...answerOf(result, webhook.url) };
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
