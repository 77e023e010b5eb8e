import type { IntegerId } from './integerId.ts';

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

/** The central database's answer for one (account, flow): may we notify, and whereto. */
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

/** What a route is asked for. */
export interface RouteKey {
  readonly accountId: IntegerId;
  readonly flowId: IntegerId;
  readonly deliveryStatus: string;
}
