import type { IntegerId } from '../../domain/ids.ts';
import { Refused } from '../../support/session.ts';
import { retire, rotate, setFlow, setOptIn, webhookName } from '../../support/setup.ts';
import { addWebhook, changeWebhook, makeDefault } from '../../support/webhookSetup.ts';
import { page } from '../components/frame.tsx';
import { Section, Verbatim } from '../components/parts.tsx';
import type { Request, Route } from '../context.ts';
import { readForm, type Fields } from '../form.ts';
import { redirectWith } from '../notice.ts';
import { accountIn, centralOf, webhookIn } from './asked.ts';
import { audit } from '../audit.ts';

/** What changes steps 1 to 3. Each writes the audit before it acts. */
export const setupActs: readonly Route[] = [
  act('/accounts/:accountId/opt-in', switchOptIn),
  act('/accounts/:accountId/flows', switchFlow),
  act('/accounts/:accountId/webhooks', add),
  act('/accounts/:accountId/webhooks/:webhookId', change),
  act('/accounts/:accountId/webhooks/:webhookId/default', choose),
  act('/accounts/:accountId/webhooks/:webhookId/secret', changeSecret),
];

function act(path: string, handle: Route['handle']): Route {
  return { method: 'POST', path, role: 'editor', handle };
}

/** A worker asks MySQL anew after that time. */
function soon(request: Request): string {
  const { ttlMs } = request.get('context').session.config.routeCache;
  return `Workers apply it within ${ttlMs / 1_000} s.`;
}

async function switchOptIn(request: Request): Promise<Response> {
  const accountId = accountIn(request);
  const central = centralOf(request);
  const isEnabled = enabledIn(await readForm(request));
  await audit(request, `switch step 1 ${isEnabled ? 'on' : 'off'}`, `account ${accountId}`);
  await setOptIn(central, accountId, isEnabled);
  const sentence = `Account ${accountId} ${isEnabled ? 'is' : 'is not'} notified of delivery statuses. ${soon(request)}`;
  return await redirectWith(request, `/accounts/${accountId}#step-1`, sentence);
}

async function switchFlow(request: Request): Promise<Response> {
  const accountId = accountIn(request);
  const central = centralOf(request);
  const form = await readForm(request);
  const flowId = form.id('flowId', 'The flow');
  const isEnabled = enabledIn(form);
  const on = `account ${accountId}, flow ${flowId}`;
  await audit(request, `switch the flow's webhook ${isEnabled ? 'on' : 'off'}`, on);
  await setFlow(central, { flowId, accountId, isEnabled });
  const sentence = `The SMS of flow ${flowId} ${isEnabled ? 'are' : 'are not'} notified. ${soon(request)}`;
  return await redirectWith(request, `/accounts/${accountId}#flows`, sentence);
}

function enabledIn(form: Fields): boolean {
  const text = form.required('enabled', 'Whether it is to be on');
  if (text === 'yes') return true;
  if (text === 'no') return false;
  throw new Refused('Whether it is to be on must be "yes" or "no".');
}

async function add(request: Request): Promise<Response> {
  const accountId = accountIn(request);
  const central = centralOf(request);
  const form = await readForm(request);
  const entry = {
    url: form.required('url', 'The URL'),
    name: form.required('name', 'The name'),
    ...headerOf(form),
    ...(form.has('sign') ? { secret: 'generate' } : {}),
    isDefault: form.has('default'),
  };
  const what = entry.isDefault ? 'add default webhook' : 'add webhook';
  await audit(request, what, `account ${accountId}, webhook "${entry.name}"`);
  const { webhook, replaced, generated } = await addWebhook(central, accountId, entry);
  const sentence = [
    `Added ${webhookName(webhook)}${entry.isDefault ? ', which is the default now' : ''}.`,
    ...(replaced === null ? [] : [`It replaces ${webhookName(replaced)}.`]),
    soon(request),
  ].join(' ');
  const { webhookId } = webhook;
  if (generated !== null) {
    return await showSecret(request, { accountId, webhookId, sentence, secret: generated });
  }
  return await redirectWith(request, `/accounts/${accountId}#webhooks`, sentence);
}

async function change(request: Request): Promise<Response> {
  const accountId = accountIn(request);
  const webhookId = webhookIn(request);
  const central = centralOf(request);
  const form = await readForm(request);
  const [url, name] = [form.text('url'), form.text('name')];
  const entry = {
    ...(url === '' ? {} : { url }),
    ...(name === '' ? {} : { name }),
    ...headerOf(form),
  };
  const changed = { url: 'URL', name: 'name', header: 'headers' } as const;
  const fields = Object.entries(changed).flatMap(([field, called]) =>
    Object.hasOwn(entry, field) ? [called] : [],
  );
  if (fields.length === 0) throw new Refused('Nothing was filled in, so nothing changes.');
  const on = `account ${accountId}, webhook ${webhookId}`;
  await audit(request, `change webhook: ${fields.join(', ')}`, on);
  const { webhook } = await changeWebhook(central, { accountId, webhookId }, entry);
  const sentence = `Changed ${fields.join(', ')} of ${webhookName(webhook)}. ${soon(request)}`;
  return await redirectWith(request, `/accounts/${accountId}/webhooks/${webhookId}`, sentence);
}

/** Nothing where no line was written: then they stay. */
function headerOf(form: Fields): { readonly header?: readonly string[] } {
  const header = form.lines('headers');
  return header.length === 0 ? {} : { header };
}

async function choose(request: Request): Promise<Response> {
  const accountId = accountIn(request);
  const webhookId = webhookIn(request);
  const central = centralOf(request);
  await audit(request, 'set default webhook', `account ${accountId}, webhook ${webhookId}`);
  const { webhook, replaced } = await makeDefault(central, { accountId, webhookId });
  const instead = replaced === null ? '' : ` in place of ${webhookName(replaced)}`;
  const sentence = `The default is now ${webhookName(webhook)}${instead}. ${soon(request)}`;
  return await redirectWith(request, `/accounts/${accountId}#webhooks`, sentence);
}

const secretActs = {
  generate: 'set a new secret',
  rotate: 'rotate secret',
  retire: 'retire the older secret',
  remove: 'remove all secrets',
} as const;
type SecretAct = keyof typeof secretActs;

async function changeSecret(request: Request): Promise<Response> {
  const accountId = accountIn(request);
  const webhookId = webhookIn(request);
  const central = centralOf(request);
  const asked = (await readForm(request)).required('act', 'What to do with the secret');
  if (!isSecretAct(asked)) {
    throw new Refused('What to do with the secret must be generate, rotate, retire or remove.');
  }
  await audit(request, secretActs[asked], `account ${accountId}, webhook ${webhookId}`);
  const meant = { accountId, webhookId };
  const back = `/accounts/${accountId}/webhooks/${webhookId}`;
  switch (asked) {
    case 'generate':
    case 'remove': {
      const secret = asked === 'generate' ? 'generate' : 'none';
      const { webhook, generated } = await changeWebhook(central, meant, { secret });
      if (generated === null) {
        const sentence = `Calls to ${webhookName(webhook)} are not signed any more. ${soon(request)}`;
        return await redirectWith(request, back, sentence);
      }
      const sentence = `Calls to ${webhookName(webhook)} are signed with this secret. ${soon(request)}`;
      return await showSecret(request, { ...meant, sentence, secret: generated });
    }
    case 'rotate': {
      const { webhook, count, secret } = await rotate(central, { accountId, which: { webhookId } });
      const both = count > 1 ? 'both the previous secret and this one' : 'this secret';
      const sentence = `Calls to ${webhookName(webhook)} are signed with ${both}. ${soon(request)}`;
      return await showSecret(request, { ...meant, sentence, secret });
    }
    case 'retire': {
      const { webhook } = await retire(central, { accountId, which: { webhookId } });
      const sentence = `Calls to ${webhookName(webhook)} are now signed with the newest secret only. ${soon(request)}`;
      return await redirectWith(request, back, sentence);
    }
    default:
      return asked satisfies never;
  }
}

function isSecretAct(text: string): text is SecretAct {
  return Object.hasOwn(secretActs, text);
}

/** The only time that it is shown: not by a redirect, which would have to carry it. */
async function showSecret(
  request: Request,
  shown: Readonly<{
    accountId: IntegerId;
    webhookId: IntegerId;
    sentence: string;
    secret: string;
  }>,
): Promise<Response> {
  const { accountId, webhookId, sentence, secret } = shown;
  const children = (
    <>
      <h1>{`The secret of webhook ${webhookId}`}</h1>
      <p class="notice" role="status">
        {sentence}
      </p>
      <Section title="Give it to the receiver now" id="new-secret">
        <Verbatim label="It is shown only once, here:" text={secret} />
        <p>
          <a href={`/accounts/${accountId}/webhooks/${webhookId}`}>To the webhook</a>
        </p>
      </Section>
    </>
  );
  return await page(request, { title: 'A new secret', place: 'accounts', children });
}
