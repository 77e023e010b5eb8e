import type { IntegerId } from './ids.ts';
import { parseSigningKeys, parseWebhookHeaders, parseWebhookUrl, type Scheme } from './webhook.ts';

/** One webhook of an account, checked and ready to be called. */
export interface Webhook {
  readonly webhookId: IntegerId | string;
  /** As the account set it, userinfo and query included: never log or record this. */
  readonly url: URL;
  /** The account's own headers, names in lower case, without those a webhook may not set. */
  readonly headers: Readonly<Record<string, string>>;
  /** Standard Webhooks signing keys, decoded, one signature each. */
  readonly signingKeys: readonly Uint8Array[];
  /** The URL without userinfo, query and fragment: what may be recorded and logged. */
  readonly displayUrl: string;
  /** Same for what has the same webhook id and whole URL, neither of which can be read from it. */
  readonly endpointKey: string;
}

/** The central database's answer for one (account, flow): whether to notify, and where. */
export type Route =
  | Readonly<{ kind: 'notOptedIn' }>
  | Readonly<{ kind: 'missing'; reason: 'no_default_webhook' | 'flow_webhook_disabled' }>
  | Readonly<{
      kind: 'unusable';
      webhookId: IntegerId | string;
      displayUrl: string | null;
      /** What is wrong, in words fit for a log: no header values, no secrets, no query. */
      problem: string;
    }>
  | Readonly<{ kind: 'open'; webhook: Webhook }>;

/** `unknown`: the central database answers others, but not for this account and flow. To be asked again later. */
export type RouteLookup = Route | Readonly<{ kind: 'unknown' }>;

/** What a route is asked for. */
export interface RouteKey {
  readonly accountId: IntegerId;
  readonly flowId: IntegerId;
  readonly deliveryStatus: string;
}

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
  if (!isOptedIn(row.notifyOnDelivery)) return { kind: 'notOptedIn' };
  if (row.webhookId === null) return { kind: 'missing', reason: 'no_default_webhook' };
  if (!row.flowWebhookEnabled) return { kind: 'missing', reason: 'flow_webhook_disabled' };
  return routeToWebhook(row, row.webhookId, reading);
}

/** By the account's setting as it is stored. */
export function isOptedIn(setting: string | null): boolean {
  return setting?.trim().toLowerCase() === 'true';
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
