import { readAccount } from '../../support/accountView.ts';
import { Refused } from '../../support/session.ts';
import { listBlocked } from '../../support/webhooks.ts';
import { blockageText } from '../../support/words.ts';
import { may, page } from '../components/frame.tsx';
import { Act, Badge, Facts, Section } from '../components/parts.tsx';
import type { Request } from '../context.ts';
import { accountIn, webhookIn } from './asked.ts';
import { secretsText } from './steps.tsx';
import { EditWebhook, SecretActs } from './webhookForms.tsx';

/** One webhook: what it is, and what can be changed of it. */
export async function webhookPage(request: Request): Promise<Response> {
  const accountId = accountIn(request);
  const webhookId = webhookIn(request);
  const { session, central: mayWrite, times } = request.get('context');
  const isEditor = may(request, 'editor');
  const central = isEditor ? mayWrite : null;
  const view = await readAccount(session, { accountId, flowId: null, central });
  if (view.kind === 'unknown') throw new Refused(view.problem);
  if (view.kind === 'query')
    throw new Refused(`Webhooks can't be shown one by one. ${view.source}`);
  const webhook = view.setup.webhooks.find((each) => String(each.webhookId) === String(webhookId));
  if (webhook === undefined) {
    throw new Refused(`Account ${accountId} has no webhook ${webhookId}.`);
  }
  const isEditable = isEditor && view.readOnly === null;
  const blocked = (await listBlocked(session)).filter(
    (each) => String(each.webhookId) === String(webhookId),
  );
  const title = `Webhook ${webhookId} of account ${accountId}`;
  const children = (
    <>
      <h1>{title}</h1>
      <p>
        <a href={`/accounts/${accountId}#webhooks`}>{`To account ${accountId}`}</a>
      </p>
      <Section title="As it is set" id="webhook">
        <Facts
          of={[
            ['Name', webhook.name],
            ['URL', webhook.url ?? "can't be shown"],
            [
              'Default',
              webhook.isDefault ? <Badge tone="good">yes</Badge> : <Badge tone="off">no</Badge>,
            ],
            ['Secrets', secretsText(webhook.secrets)],
            [
              'Headers',
              webhook.headers === null ? 'unusable' : webhook.headers.join(', ') || 'none',
            ],
            ...blocked.map((each) => ['Endpoint', blockageText(each, times)] as const),
          ]}
        />
        <p>
          <small>
            Neither the query of a URL nor the values of headers and secrets are ever shown.
          </small>
        </p>
        {isEditable && !webhook.isDefault ? (
          <Act
            path={`/accounts/${accountId}/webhooks/${webhookId}/default`}
            label="Make it the default"
            kind="main"
          />
        ) : null}
        {may(request, 'support') ? (
          <Act
            path={`/accounts/${accountId}/retries`}
            label="Run its waiting retries now"
            fields={{ webhook: String(webhookId) }}
          />
        ) : null}
        {isEditor && webhook.isDefault && !blocked.some(isDisabled) ? (
          <Act
            path="/endpoints/disable"
            label="Call it no more"
            kind="danger"
            fields={{ webhook: String(webhookId), account: String(accountId) }}
            confirm={`Call webhook ${webhookId} no more? Its notifications then end as failed.`}
          />
        ) : null}
        {isEditor && blocked.some(isDisabled) ? (
          <Act
            path="/endpoints/enable"
            label="Call it again"
            kind="main"
            fields={{ webhook: String(webhookId) }}
          />
        ) : null}
        {isEditor && view.readOnly !== null ? <p>{view.readOnly}</p> : null}
      </Section>
      {isEditable ? (
        <>
          <EditWebhook accountId={accountId} webhook={webhook} />
          <SecretActs accountId={accountId} webhook={webhook} />
        </>
      ) : null}
    </>
  );
  return await page(request, { title, place: 'accounts', children });
}

function isDisabled({ kind }: { readonly kind: string }): boolean {
  return kind === 'endpoint_disabled';
}
