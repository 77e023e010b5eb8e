import { egressOptions } from '../connections.ts';
import { reasonNow } from '../domain/decision.ts';
import type { IntegerId } from '../domain/ids.ts';
import type { RouteRow, Webhook } from '../domain/route.ts';
import { probeEndpoint, type EndpointProbe } from '../http/probeEndpoint.ts';
import {
  readBlockedEndpoints,
  type DisabledEndpoint,
  type OpenBreaker,
} from '../mongo/blockedEndpoints.ts';
import { findLastRedirect } from '../mongo/ledger.ts';
import { createRetryList } from '../mongo/retrySupport.ts';
import { findCipher } from '../mysql/cipher.ts';
import { toError } from '../runtime/errors.ts';
import { failed, note, ok, type Finding } from './finding.ts';
import type { Session } from './session.ts';
import { askAboutAccount } from './webhooks.ts';
import { whyBlocked } from './words.ts';

/** MySQL answers, the query fits it, and its user may read. */
export async function* checkMysql(session: Session): AsyncGenerator<Finding> {
  const { routeQuery, config, stopping } = session;
  const { path } = config.mysql.routeQuery;
  try {
    await routeQuery().check(stopping);
    yield ok('mysql', `${path} returns all columns, ${await encryption(session)}`);
  } catch (error) {
    yield failed('mysql', toError(error).message);
  }
}

async function encryption({ config, mysql, stopping }: Session): Promise<string> {
  const { tls } = config.mysql.server;
  const cipher = await findCipher(mysql(), stopping);
  if (cipher === null || tls === null) return 'unencrypted';
  const verified = {
    nothing: 'its certificate is not verified',
    authority: 'the CA of its certificate is verified',
    identity: 'its certificate is verified',
  }[tls.verify];
  return `over TLS (${cipher}; ${verified})`;
}

/** The three steps of one account, and of one flow if that is given, then its endpoint. */
export async function* checkAccount(
  session: Session,
  accountId: IntegerId,
  flowId: IntegerId | null,
): AsyncGenerator<Finding> {
  let row: RouteRow | null;
  try {
    row = await askAboutAccount(session, accountId, flowId === null ? {} : { flowId });
  } catch (error) {
    yield failed('step 1', toError(error).message);
    return;
  }
  const query = session.routeQuery();
  // Without a flow its step is nobody's fault.
  const asked = row === null || flowId !== null ? row : { ...row, flowWebhookEnabled: true };
  const route = query.decide(asked);
  const blocked = route.kind === 'open' ? await whyNotCalled(session, route.webhook) : null;
  const reason = reasonNow(route, blocked?.kind === 'endpoint_disabled');
  if (row === null || reason === 'not_opted_in') {
    const found = row === null ? 'the route query returns no row for it' : settingIn(row);
    yield failed(
      'step 1',
      `account ${accountId} has not opted in: ${found}; set it to true (npm run cli -- setup account ${accountId} --enable)`,
    );
    return;
  }
  yield ok('step 1', `account ${accountId} has opted in`);
  if (reason === 'no_default_webhook') {
    yield failed(
      'step 2',
      `account ${accountId} has no default webhook; set one (npm run cli -- setup webhook ${accountId} --url …)`,
    );
    return;
  }
  yield ok('step 2', `its default webhook is ${row.webhookId}`);
  if (reason === 'flow_webhook_disabled') {
    yield failed(
      'step 3',
      `flow ${flowId} does not have its webhook enabled, or belongs to another account; enable it (npm run cli -- setup flow ${flowId} --account ${accountId} --enable)`,
    );
    return;
  }
  if (flowId !== null) yield ok('step 3', `flow ${flowId} has its webhook enabled`);
  if (route.kind !== 'open') {
    const problem = route.kind === 'unusable' ? route.problem : 'it has none';
    yield failed(
      'webhook',
      `webhook ${row.webhookId} can't be called: ${problem}; correct it in the central database`,
    );
    return;
  }
  const { webhook } = route;
  yield ok('webhook', `${webhook.displayUrl}, ${signing(webhook)}`);
  // Before what ends the walk: a redirect may be why its breaker is open.
  yield* checkRedirect(session, accountId, webhook);
  yield* checkEndpoint(session, webhook, blocked);
}

type Blocked = OpenBreaker | DisabledEndpoint;

async function whyNotCalled({ mongo }: Session, { endpointKey }: Webhook): Promise<Blocked | null> {
  return (await readBlockedEndpoints((await mongo()).state)).get(endpointKey) ?? null;
}

function settingIn({ notifyOnDelivery }: RouteRow): string {
  return notifyOnDelivery === null
    ? 'its account.sms.notifyOnDelivery is not set'
    : 'its account.sms.notifyOnDelivery is not "true"';
}

function signing({ signingKeys }: Webhook): string {
  if (signingKeys.length === 0) return 'calls are not signed';
  return signingKeys.length === 1
    ? 'calls are signed'
    : `calls are signed with ${signingKeys.length} secrets`;
}

const remedies: Readonly<Record<string, string>> = {
  dns_error: "correct the host in the webhook's URL, or this machine's name servers",
  blocked_address: 'it is not a public address: if that is intended, list it in EGRESS_ALLOW_CIDRS',
  connection_refused: 'nothing listens there: start the receiver, or correct the port',
  timeout_connect: 'a firewall may block the connection',
  tls_error: "have the receiver's certificate fixed, or add its CA to NODE_EXTRA_CA_CERTS",
  connection_reset: 'the receiver does not accept connections: its log may say why',
  proxy_error: 'check EGRESS_PROXY',
};

/** An alert may have other causes (versions, ciphers, a name it does not serve), but none is so common. */
const refusedByAlert =
  'the receiver refuses: if it requires client certificates, have that turned off, because the worker has none';

function remedyOf({ error, isTlsAlert }: EndpointProbe & { ok: false }): string {
  const remedy = isTlsAlert ? refusedByAlert : remedies[error];
  return remedy === undefined ? '' : `; ${remedy}`;
}

/** Whether it can be called as things are in the network, then whether the worker does. */
async function* checkEndpoint(
  { config }: Session,
  webhook: Webhook,
  blocked: Blocked | null,
): AsyncGenerator<Finding> {
  if (blocked?.kind === 'endpoint_disabled') {
    yield failed('endpoint', (times) => `it is ${whyBlocked(blocked, times)}`);
    return;
  }
  const { connectTimeoutMs } = config.call;
  const egress = egressOptions(config.egress);
  const probe = await probeEndpoint(webhook.url, { egress, connectTimeoutMs });
  if (!probe.ok) {
    const fault = `${probe.error}: ${probe.detail}${remedyOf(probe)}`;
    yield failed('endpoint', (times) =>
      blocked === null ? fault : `${fault}; ${whyBlocked(blocked, times)}`,
    );
    return;
  }
  const over = probe.tls === null ? 'without TLS' : `over ${probe.tls}`;
  const connected = `it accepts connections, ${over}`;
  yield blocked === null
    ? ok('endpoint', `${connected}; nothing was sent`)
    : failed('endpoint', (times) => `${connected}, but ${whyBlocked(blocked, times)}`);
}

/** Of what waits for the webhook so many are looked at: all of them get the same answers. */
const LOOKED_AT = 20;

/** Nothing is sent to find out; but what waits, or has ended, knows what it was answered last. */
async function* checkRedirect(
  { mongo }: Session,
  accountId: IntegerId,
  { webhookId, displayUrl: url }: Webhook,
): AsyncGenerator<Finding> {
  const { retries, sent } = (await mongo()).state;
  const waiting = await createRetryList(retries).list({ webhookId: String(webhookId) }, LOOKED_AT);
  const waits = waiting.find((row) => row.url === url && row.lastLocation !== null);
  const last =
    waits === undefined
      ? await findLastRedirect(sent, { accountId, webhookId, url })
      : { statusCode: waits.lastStatusCode, location: waits.lastLocation };
  if (last === null) return;
  yield note(
    'redirect',
    `it answered the last call with ${last.statusCode}, redirecting to ${last.location}: redirects are not followed, so set that URL`,
  );
}
