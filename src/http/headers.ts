import { Buffer } from 'node:buffer';
import { createHmac } from 'node:crypto';
import type { Call } from './call.ts';
import { ACCEPTED_ENCODINGS } from './responseBody.ts';

/** The headers of every call, which a webhook may replace. */
export function ownHeaders(userAgent: string): Readonly<Record<string, string>> {
  return {
    'content-type': 'application/json',
    'user-agent': userAgent,
    'accept-encoding': ACCEPTED_ENCODINGS,
  };
}

/** The headers that differ between attempts. */
export function attemptHeaders(call: Call): Record<string, string> {
  const { notificationId, number, body, webhook, startedAt, traceparent } = call;
  const timestamp = Math.floor(startedAt.getTime() / 1000);
  const headers: Record<string, string> = {
    'webhook-id': notificationId,
    'webhook-timestamp': String(timestamp),
    'webhook-attempt': String(number),
  };
  if (traceparent !== undefined) headers['traceparent'] = traceparent;
  if (webhook.signingKeys.length > 0) {
    const content = { id: notificationId, timestamp, body };
    headers['webhook-signature'] = signatureOf(content, webhook.signingKeys);
  }
  return headers;
}

/** What is signed: all three parts, so that none can be replaced by another call's. */
export interface SignedContent {
  readonly id: string;
  /** Seconds since 1970. */
  readonly timestamp: number;
  readonly body: Uint8Array;
}

/**
 * The `webhook-signature` of Standard Webhooks: one `v1` signature per key, so that a receiver can verify
 * with the old or the new secret while it changes over.
 */
export function signatureOf(content: SignedContent, keys: readonly Uint8Array[]): string {
  const prefix = `${content.id}.${content.timestamp}.`;
  return keys
    .map((key) => createHmac('sha256', key).update(prefix).update(content.body).digest('base64'))
    .map((signature) => `v1,${signature}`)
    .join(' ');
}

/** The user name and password of a URL as Basic authentication; null when it has neither. */
export function basicAuthorization({ username, password }: URL): string | null {
  if (username === '' && password === '') return null;
  const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return `Basic ${Buffer.from(credentials).toString('base64')}`;
}
