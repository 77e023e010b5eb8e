import { createHmac } from 'node:crypto';

/** What is signed: all three parts, so that none can be swapped for another call's. */
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
