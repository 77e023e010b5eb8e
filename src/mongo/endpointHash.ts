import { createHash } from 'node:crypto';

/** An endpoint's key as it may be stored: the key itself holds the URL with its credentials and query. */
export function endpointHash(endpointKey: string): string {
  return createHash('sha256').update(endpointKey).digest('base64url');
}
