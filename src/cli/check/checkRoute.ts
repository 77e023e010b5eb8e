import type { IntegerId } from '../../domain/integerId.ts';
import type { RouteRow } from '../../domain/routeFromRow.ts';
import type { Webhook } from '../../domain/route.ts';
import { probeEndpoint } from '../../http/probeEndpoint.ts';
import { createDisabledEndpoints } from '../../mongo/operator/disabledEndpoints.ts';
import { toError } from '../../runtime/errors.ts';
import { egressOptions } from '../../connections.ts';
import type { Bench } from '../command.ts';
import { askAboutAccount, webhookOf } from '../findWebhook.ts';
import { failed, ok, type Finding } from './finding.ts';

/** MySQL answers, the query fits it, and its user may read. */
export async function* checkMysql({
  routeQuery,
  config,
  stopping,
}: Bench): AsyncGenerator<Finding> {
  const { path } = config.mysql.routeQuery;
  try {
    await routeQuery().check(stopping);
    yield ok('mysql', `it answers ${path} with all columns`);
  } catch (error) {
    yield failed('mysql', toError(error).message);
  }
}

/** The three steps of one account, and of one flow if that is given, then its endpoint. */
export async function* checkAccount(
  bench: Bench,
  accountId: IntegerId,
  flowId: IntegerId | null,
): AsyncGenerator<Finding> {
  let row: RouteRow | null;
  try {
    row = await askAboutAccount(bench, accountId, flowId === null ? {} : { flowId });
  } catch (error) {
    yield failed('step 1', toError(error).message);
    return;
  }
  const isOptedIn = row !== null && bench.routeQuery().decide(row).kind !== 'notOptedIn';
  if (row === null || !isOptedIn) {
    const found = row === null ? 'the route query has no row for it' : settingIn(row);
    yield failed(
      'step 1',
      `account ${accountId} has not opted in: ${found}; set it to true (npm run cli -- setup account ${accountId} --enable)`,
    );
    return;
  }
  yield ok('step 1', `account ${accountId} has opted in`);
  if (row.webhookId === null) {
    yield failed(
      'step 2',
      `account ${accountId} has no default webhook; make one the default (npm run cli -- setup webhook ${accountId} --url …)`,
    );
    return;
  }
  yield ok('step 2', `its default webhook is ${row.webhookId}`);
  if (flowId !== null) {
    if (!row.flowWebhookEnabled) {
      yield failed(
        'step 3',
        `flow ${flowId} has its webhook not enabled, or belongs to another account; enable it (npm run cli -- setup flow ${flowId} --account ${accountId} --enable)`,
      );
      return;
    }
    yield ok('step 3', `flow ${flowId} has its webhook enabled`);
  }
  const webhook = webhookOf(bench, row);
  if (typeof webhook === 'string') {
    yield failed('webhook', `${webhook}; correct it in the central database`);
    return;
  }
  yield ok('webhook', `${webhook.displayUrl}, ${signing(webhook)}`);
  yield* checkEndpoint(bench, webhook);
}

function settingIn({ notifyOnDelivery }: RouteRow): string {
  return notifyOnDelivery === null
    ? 'its account.sms.notifyOnDelivery is not set'
    : 'its account.sms.notifyOnDelivery is not "true"';
}

function signing({ signingKeys }: Webhook): string {
  if (signingKeys.length === 0) return 'calls are not signed';
  return signingKeys.length === 1 ? 'calls are signed' : `signed by ${signingKeys.length} secrets`;
}

const remedies: Readonly<Record<string, string>> = {
  dns_error: "correct the host in the webhook's URL, or this machine's name servers",
  blocked_address: 'it is not a public address: where that is meant, name it in EGRESS_ALLOW_CIDRS',
  connection_refused: 'nothing listens there: start the receiver, or correct the port',
  timeout_connect: 'a firewall may be in between',
  tls_error: "have the receiver's certificate mended, or name its authority in NODE_EXTRA_CA_CERTS",
  proxy_error: 'see to EGRESS_PROXY',
};

async function* checkEndpoint(bench: Bench, webhook: Webhook): AsyncGenerator<Finding> {
  const { config, mongo } = bench;
  const disabled = createDisabledEndpoints((await mongo()).state.endpoints);
  if (await disabled.isDisabled(webhook.endpointKey)) {
    yield failed(
      'endpoint',
      `it is disabled, since its receiver asked for that or an operator did; npm run cli -- endpoints enable ${webhook.webhookId}`,
    );
    return;
  }
  const { connectTimeoutMs } = config.call;
  const egress = egressOptions(config.egress);
  const probe = await probeEndpoint(webhook.url, { egress, connectTimeoutMs });
  if (probe.ok) {
    const over = probe.tls === null ? 'without TLS' : `by ${probe.tls}`;
    yield ok('endpoint', `it can be connected to, ${over}; nothing was sent`);
    return;
  }
  const remedy = remedies[probe.error];
  yield failed(
    'endpoint',
    `${probe.error}: ${probe.detail}${remedy === undefined ? '' : `; ${remedy}`}`,
  );
}
