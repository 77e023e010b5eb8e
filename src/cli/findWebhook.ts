import { parseIntegerId, type IntegerId } from '../domain/integerId.ts';
import type { RouteRow } from '../domain/routeFromRow.ts';
import type { Webhook } from '../domain/route.ts';
import { toRouteQueryError } from '../mysql/errors.ts';
import { findWebhookUrl } from '../mysql/webhookTable.ts';
import { toError } from '../runtime/errors.ts';
import { Refused, type Bench } from './command.ts';

/** No flow has this number: for questions that are about the account alone. */
const NO_FLOW = 0;

/** The route query's row for an account; null when it has none. Rejects with a `RouteQueryError`. */
export async function askAboutAccount(
  { routeQuery, stopping }: Pick<Bench, 'routeQuery' | 'stopping'>,
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
  { routeQuery }: Pick<Bench, 'routeQuery'>,
  row: RouteRow,
): Webhook | string {
  const route = routeQuery().decide({ ...row, notifyOnDelivery: 'true', flowWebhookEnabled: true });
  if (route.kind === 'open') return route.webhook;
  return route.kind === 'unusable'
    ? `webhook ${route.webhookId} can't be called: ${route.problem}`
    : 'the account has no default webhook';
}

/**
 * The webhook of this id: from the table Webhook of the central database, or, given its account, from the route
 * query, where it has to be the default one. Throws `Refused` when there is none that can be called.
 */
export async function findWebhook(
  bench: Bench,
  webhookId: string,
  accountId: IntegerId | null,
): Promise<Webhook> {
  const row =
    accountId === null ? await findById(bench, webhookId) : await askAboutAccount(bench, accountId);
  if (row === null) {
    throw new Refused(
      accountId === null
        ? `There is no webhook ${webhookId}.`
        : `The route query has no row for account ${accountId}.`,
    );
  }
  const webhook = webhookOf(bench, row);
  if (typeof webhook === 'string') throw new Refused(`Not possible: ${webhook}.`);
  return webhook;
}

async function findById({ mysql, stopping }: Bench, webhookId: string): Promise<RouteRow | null> {
  const id = parseIntegerId(webhookId);
  const url = id === null ? null : await findWebhookUrl(mysql(), id, stopping).catch(asRefusal);
  if (url === null) return null;
  const own = { notifyOnDelivery: null, flowWebhookEnabled: false, headers: null, secret: null };
  return { ...own, webhookId: id, url };
}

function asRefusal(error: unknown): never {
  if (toRouteQueryError(error, 'the table Webhook').kind !== 'schema') throw toError(error);
  throw new Refused(
    `The central database has no table Webhook with webhookID and url to look it up in: name its account with --account.`,
    { cause: error },
  );
}
