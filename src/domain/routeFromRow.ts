import type { IntegerId } from './integerId.ts';
import type { Route } from './route.ts';
import { parseSigningKeys } from './signingKeys.ts';
import { parseWebhookHeaders } from './webhookHeaders.ts';
import { parseWebhookUrl, type Scheme } from './webhookUrl.ts';

/** The route query's one row, its columns' types already checked. */
export interface RouteRow {
  /** The account's setting as it is stored. */
  readonly notifyOnDelivery: string | null;
  readonly flowWebhookEnabled: boolean;
  /** Null when the account has no default webhook. */
  readonly webhookId: IntegerId | string | null;
  readonly url: string | null;
  /** A JSON object as text, or parsed already. */
  readonly headers: unknown;
  readonly secret: string | null;
}

interface Reading {
  /** Makes the endpoint's key of a text that holds its whole URL, which must not be read from it. */
  digest(text: string): string;
  /** Those that may be called. */
  readonly schemes: readonly Scheme[];
}

/** Decides in this order: opted in, default webhook, flow, and whether that webhook can be called. */
export function routeFromRow(row: RouteRow, reading: Reading): Route {
  if (row.notifyOnDelivery?.trim().toLowerCase() !== 'true') return { kind: 'notOptedIn' };
  if (row.webhookId === null) return { kind: 'missing', reason: 'no_default_webhook' };
  if (!row.flowWebhookEnabled) return { kind: 'missing', reason: 'flow_webhook_disabled' };
  return routeToWebhook(row, row.webhookId, reading);
}

function routeToWebhook(
  row: RouteRow,
  webhookId: IntegerId | string,
  { digest, schemes }: Reading,
): Route {
  const parsedUrl = parseWebhookUrl(row.url, schemes);
  const { displayUrl } = parsedUrl;
  if (parsedUrl.kind === 'unusable') {
    return { kind: 'unusable', webhookId, displayUrl, problem: parsedUrl.problem };
  }
  const parsedHeaders = parseWebhookHeaders(row.headers);
  if (parsedHeaders.kind === 'unusable') {
    return { kind: 'unusable', webhookId, displayUrl, problem: parsedHeaders.problem };
  }
  const signingKeys = parseSigningKeys(row.secret);
  if (signingKeys === null) {
    const problem = 'its secret is not whsec_ followed by base64 of 24 to 64 bytes';
    return { kind: 'unusable', webhookId, displayUrl, problem };
  }
  const { url } = parsedUrl;
  const { headers } = parsedHeaders;
  const endpointKey = digest(`${webhookId} ${url.href}`);
  return {
    kind: 'open',
    webhook: {
      webhookId,
      url,
      headers,
      signingKeys,
      displayUrl: parsedUrl.displayUrl,
      endpointKey,
    },
  };
}
