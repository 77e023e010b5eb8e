import { parseIntegerId, type IntegerId } from '../domain/ids.ts';
import type { RouteRow, Webhook } from '../domain/route.ts';
import {
  readBlockedEndpoints,
  type DisabledEndpoint,
  type OpenBreaker,
} from '../mongo/blockedEndpoints.ts';
import { createDisabledEndpoints, type ListedEndpoint } from '../mongo/endpoints.ts';
import { readWaitingEndpoints, type WaitingEndpoint } from '../mongo/waitingEndpoints.ts';
import { toRouteQueryError } from '../mysql/errors.ts';
import { findWebhookAccount, findWebhookUrl } from '../mysql/webhookRows.ts';
import { toError } from '../runtime/errors.ts';
import { Refused, type Session } from './session.ts';

/** No flow has this number: for questions that are about the account alone. */
const NO_FLOW = 0;

/** The route query's row for an account; null when it has none. Rejects with a `RouteQueryError`. */
export async function askAboutAccount(
  { routeQuery, stopping }: Pick<Session, 'routeQuery' | 'stopping'>,
  accountId: IntegerId,
  {
    flowId = NO_FLOW,
    deliveryStatus = 'DELIVERED',
  }: { flowId?: IntegerId; deliveryStatus?: string } = {},
): Promise<RouteRow | null> {
  return await routeQuery().ask({ accountId, flowId, deliveryStatus }, stopping);
}

/** The webhook of a row, whether or not the account has opted in and any flow uses it; else why not, in words. */
export function webhookOf(
  { routeQuery }: Pick<Session, 'routeQuery'>,
  row: RouteRow,
): Webhook | string {
  const route = routeQuery().decide({ ...row, notifyOnDelivery: 'true', flowWebhookEnabled: true });
  if (route.kind === 'open') return route.webhook;
  return route.kind === 'unusable'
    ? `webhook ${route.webhookId} can't be called: ${route.problem}`
    : 'the account has no default webhook';
}

/**
 * The webhook of this id, and its account where that is known: from the table Webhook of the central database, or, given its account, from the route
 * query, where it has to be the default one. Throws `Refused` when there is none that can be called.
 */
async function findWebhook(
  session: Session,
  webhookId: string,
  accountId: IntegerId | null,
): Promise<{ readonly webhook: Webhook; readonly accountId: IntegerId | null }> {
  const row =
    accountId === null
      ? await findById(session, webhookId)
      : await askAboutAccount(session, accountId);
  if (row === null) {
    throw new Refused(
      accountId === null
        ? `There is no webhook ${webhookId}.`
        : `The route query returns no row for account ${accountId}.`,
    );
  }
  const webhook = webhookOf(session, row);
  if (typeof webhook === 'string') throw new Refused(`Not possible: ${webhook}.`);
  return { webhook, accountId: accountId ?? (await findAccount(session, webhookId)) };
}

async function findById({ mysql, stopping }: Session, webhookId: string): Promise<RouteRow | null> {
  const id = parseIntegerId(webhookId);
  const url = id === null ? null : await findWebhookUrl(mysql(), id, stopping).catch(asRefusal);
  if (url === null) return null;
  const own = { notifyOnDelivery: null, flowWebhookEnabled: false, headers: null, secret: null };
  return { ...own, webhookId: id, url };
}

async function findAccount(
  { mysql, stopping }: Session,
  webhookId: string,
): Promise<IntegerId | null> {
  const id = parseIntegerId(webhookId);
  return id === null ? null : await findWebhookAccount(mysql(), id, stopping);
}

function asRefusal(error: unknown): never {
  if (toRouteQueryError(error, 'the table Webhook').kind !== 'schema') throw toError(error);
  throw new Refused(
    `The central database has no table Webhook with webhookID and url to look it up: specify its account with --account.`,
    { cause: error },
  );
}

export async function listDisabled({ mongo }: Session): Promise<readonly ListedEndpoint[]> {
  return await createDisabledEndpoints((await mongo()).state.endpoints).list();
}

export type BlockedEndpoint = OpenBreaker | DisabledEndpoint;
export type { DisabledEndpoint, OpenBreaker, WaitingEndpoint };

/** Where nothing is called at present, and how many wait there. */
export async function listBlocked({ mongo }: Session): Promise<readonly BlockedEndpoint[]> {
  return [...(await readBlockedEndpoints((await mongo()).state)).values()];
}

/** Where the most overdue wait first; `blocked` are left out. */
export async function listWaiting(
  { mongo }: Session,
  blocked: readonly BlockedEndpoint[],
  limit: number,
): Promise<readonly WaitingEndpoint[]> {
  const except = blocked.map(({ endpoint }) => endpoint);
  return await readWaitingEndpoints((await mongo()).state.retries, { limit, except });
}

/** Has all endpoints of a webhook called again; resolves with how many were disabled. */
export async function enableWebhook({ mongo }: Session, webhookId: string): Promise<number> {
  return await createDisabledEndpoints((await mongo()).state.endpoints).enable(webhookId);
}

interface WebhookDisabled {
  readonly url: string;
  /** False when it was disabled already. */
  readonly isNew: boolean;
}

/** Has a webhook called no more at its present URL. Throws `Refused` where it can't be found. */
export async function disableWebhook(
  session: Session,
  webhookId: string,
  accountId: IntegerId | null,
): Promise<WebhookDisabled> {
  const found = await findWebhook(session, webhookId, accountId);
  const { webhook } = found;
  if (accountId !== null && String(webhook.webhookId) !== webhookId) {
    throw new Refused(
      `The default webhook of account ${accountId} is ${webhook.webhookId}, not ${webhookId}.`,
    );
  }
  const { state } = await session.mongo();
  const isNew = await createDisabledEndpoints(state.endpoints).disable(webhook, found.accountId);
  return { url: webhook.displayUrl, isNew };
}
