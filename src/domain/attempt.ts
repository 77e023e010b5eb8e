import type { Webhook } from './route.ts';

/** Why an attempt got no answer, or not all of it. The contract's vocabulary, also a metric label. */
export const attemptErrors = [
  'dns_error',
  'connection_refused',
  'connection_reset',
  'tls_error',
  'timeout_connect',
  'timeout',
  'response_aborted',
  'response_invalid',
  'blocked_address',
  'proxy_error',
  'network_error',
] as const;
export type AttemptError = (typeof attemptErrors)[number];

/** One call to be made. */
export interface Attempt {
  readonly webhook: Webhook;
  /** The exact bytes that are signed, sent and, on a retry, sent again. */
  readonly body: Uint8Array;
  readonly notificationId: string;
  /** Counts from 1. */
  readonly number: number;
}

/** What is kept of a response's body. */
export interface ResponseContent {
  readonly text: string;
  readonly encoding: 'utf8' | 'base64';
  readonly truncated: boolean;
}

interface Timing {
  readonly startedAt: Date;
  readonly durationMs: number;
}

/** What one call came to. What the receiver did is a value here, never an exception. */
export type AttemptOutcome =
  | (Timing &
      Readonly<{
        kind: 'answered';
        statusCode: number;
        /** Null when the body was empty. */
        response: ResponseContent | null;
        /** A fault after the status line, such as a body cut short. */
        error: AttemptError | null;
        /** The header as it came. */
        retryAfter: string | null;
        /** What the `webhook-delivery` header asks for. */
        deliveryControl: 'disable' | 'abort-message' | null;
        /** Where a 3xx leads, as it may be shown. */
        location?: string;
      }>)
  | (Timing & Readonly<{ kind: 'unanswered'; error: AttemptError }>);

export function isDelivered(outcome: AttemptOutcome): boolean {
  return outcome.kind === 'answered' && outcome.statusCode >= 200 && outcome.statusCode <= 299;
}

/** False for an address that is refused on this side: that says nothing of the endpoint. */
export function wasCalled(outcome: AttemptOutcome): boolean {
  return outcome.kind === 'answered' || outcome.error !== 'blocked_address';
}
