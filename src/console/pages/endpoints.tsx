import type { IntegerId } from '../../domain/ids.ts';
import { makeRetriesDue, obstacleText } from '../../support/retries.ts';
import { Refused, type Session } from '../../support/session.ts';
import {
  disableWebhook,
  enableWebhook,
  listBlocked,
  listWaiting,
  type BlockedEndpoint,
  type DisabledEndpoint,
  type OpenBreaker,
  type WaitingEndpoint,
} from '../../support/webhooks.ts';
import type { SlowEndpoint } from '../../support/statistics.ts';
import { blockageText, several } from '../../support/words.ts';
import { audit } from '../audit.ts';
import { may, page } from '../components/frame.tsx';
import { Live } from '../components/parts.tsx';
import type { Request, Route } from '../context.ts';
import { Disabled, OpenBreakers, Waiting } from '../endpoints/endpointTables.tsx';
import { readSlowSoon, SlowEndpoints } from '../endpoints/slowEndpoints.tsx';
import { readForm } from '../form.ts';
import { redirectWith } from '../notice.ts';

export const endpointRoutes: readonly Route[] = [
  { method: 'GET', path: '/endpoints', role: 'viewer', handle: endpointsPage },
  { method: 'GET', path: '/endpoints/live', role: 'viewer', handle: endpointsLive },
  { method: 'POST', path: '/endpoints/enable', role: 'editor', handle: enable },
  { method: 'POST', path: '/endpoints/disable', role: 'editor', handle: disable },
  { method: 'POST', path: '/endpoints/retries', role: 'support', handle: runRetries },
];

const WAITING_SHOWN = 20;

async function endpointsPage(request: Request): Promise<Response> {
  const endpoints = await readEndpoints(request);
  const children = (
    <>
      <h1>Endpoints</h1>
      <Live path="/endpoints/live">
        <Endpoints request={request} {...endpoints} />
      </Live>
    </>
  );
  return await page(request, { title: 'Endpoints', place: 'endpoints', children });
}

async function endpointsLive(request: Request): Promise<Response> {
  const endpoints = await readEndpoints(request);
  return await request.html(<Endpoints request={request} {...endpoints} />);
}

interface Read {
  /** Where nothing is called. */
  readonly blocked: readonly BlockedEndpoint[];
  /** Where else notifications wait. */
  readonly waiting: readonly WaitingEndpoint[];
  /** Null where that is not known yet. */
  readonly slow: readonly SlowEndpoint[] | null;
}

async function readEndpoints(request: Request): Promise<Read> {
  const { session } = request.get('context');
  const [slow, rest] = await Promise.all([readSlowSoon(session), readBlockedAndWaiting(session)]);
  return { ...rest, slow };
}

async function readBlockedAndWaiting(session: Session): Promise<Omit<Read, 'slow'>> {
  const blocked = await listBlocked(session);
  return { blocked, waiting: await listWaiting(session, blocked, WAITING_SHOWN) };
}

function Endpoints({ request, blocked, slow, waiting }: Read & { request: Request }) {
  const { times } = request.get('context');
  const shown = { times, isEditor: may(request, 'editor'), isSupport: may(request, 'support') };
  return (
    <>
      <Disabled endpoints={blocked.filter(isDisabled)} {...shown} />
      <OpenBreakers endpoints={blocked.filter(isOpen)} {...shown} />
      <SlowEndpoints of={slow} />
      <Waiting endpoints={waiting} {...shown} />
    </>
  );
}

function isDisabled(endpoint: BlockedEndpoint): endpoint is DisabledEndpoint {
  return endpoint.kind === 'endpoint_disabled';
}

function isOpen(endpoint: BlockedEndpoint): endpoint is OpenBreaker {
  return endpoint.kind === 'breaker_open';
}

interface Named {
  readonly webhookId: string;
  readonly accountId: IntegerId | null;
}

async function namedIn(request: Request): Promise<Named> {
  const form = await readForm(request);
  return {
    webhookId: form.required('webhook', 'The webhook'),
    accountId: form.text('account') === '' ? null : form.id('account', 'The account'),
  };
}

function nameOf({ webhookId, accountId }: Named): string {
  return accountId === null ? `webhook ${webhookId}` : `account ${accountId}, webhook ${webhookId}`;
}

async function enable(request: Request): Promise<Response> {
  const named = await namedIn(request);
  await audit(request, 'enable endpoint', nameOf(named));
  const { webhookId } = named;
  const enabled = await enableWebhook(request.get('context').session, webhookId);
  const sentence =
    enabled === 0
      ? `No endpoint of webhook ${webhookId} was disabled.`
      : `${several(enabled, 'endpoint')} of webhook ${webhookId} enabled: workers call it again within 5 s.`;
  return await redirectWith(request, '/endpoints', sentence);
}

async function disable(request: Request): Promise<Response> {
  const named = await namedIn(request);
  await audit(request, 'disable endpoint', nameOf(named));
  const { webhookId } = named;
  const { url, isNew } = await disableOne(request.get('context').session, named);
  const sentence = isNew
    ? `Webhook ${webhookId} is no longer called at ${url}: workers apply that within 5 s.`
    : `Webhook ${webhookId} was already disabled at ${url}.`;
  return await redirectWith(request, '/endpoints', sentence);
}

/** By the webhook's own row; where the central database has no such table, as the default webhook of its account. */
async function disableOne(session: Session, { webhookId, accountId }: Named) {
  try {
    return await disableWebhook(session, webhookId, null);
  } catch (error) {
    if (!(error instanceof Refused) || accountId === null) throw error;
    return await disableWebhook(session, webhookId, accountId);
  }
}

async function runRetries(request: Request): Promise<Response> {
  const named = await namedIn(request);
  await audit(request, 'run waiting retries', nameOf(named));
  const { session, times } = request.get('context');
  const { webhookId, accountId } = named;
  const scope = { webhookId, ...(accountId === null ? {} : { accountId }) };
  const { data, sentence } = await makeRetriesDue(session, scope, false);
  const obstacles = data.obstacles.map((each) => obstacleText(each, times, blockageText));
  return await redirectWith(request, '/endpoints', [sentence, ...obstacles].join(' '));
}
