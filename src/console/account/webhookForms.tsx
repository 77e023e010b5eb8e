import type { IntegerId } from '../../domain/ids.ts';
import type { AccountSetup } from '../../support/setup.ts';
import { Act, Field, Section } from '../components/parts.tsx';
import { Check, TextArea } from './inputs.tsx';

type StoredWebhook = AccountSetup['webhooks'][number];

const headersHint =
  'One a line, as "Name: value". They replace all there are; "none" alone removes them.';

export function AddWebhook({ accountId, isFirst }: { accountId: IntegerId; isFirst: boolean }) {
  return (
    <details class="more" open={isFirst}>
      <summary>Add a webhook</summary>
      <form method="post" action={`/accounts/${accountId}/webhooks`}>
        <div class="fields">
          <Field label="URL" name="url" inputmode="url" required={true} autocomplete="off" />
          <Field
            label="Name"
            name="name"
            value={isFirst ? 'default' : ''}
            required={true}
            autocomplete="off"
          />
        </div>
        <div class="fields">
          <TextArea
            label="Additional headers"
            name="headers"
            hint='May be left empty. One a line, as "Name: value".'
          />
        </div>
        <Check label="Sign its calls: makes a secret, shown once" name="sign" isTicked={true} />
        <Check label="Make it the default webhook" name="default" isTicked={isFirst} />
        <button class="main" type="submit">
          Add the webhook
        </button>
      </form>
    </details>
  );
}

export function EditWebhook({
  accountId,
  webhook: { webhookId, name },
}: {
  accountId: IntegerId;
  webhook: StoredWebhook;
}) {
  return (
    <Section title="Change it" id="edit">
      <form method="post" action={`/accounts/${accountId}/webhooks/${webhookId}`}>
        <div class="fields">
          <Field
            label="New URL"
            name="url"
            inputmode="url"
            autocomplete="off"
            hint="Left empty, the URL stays as it is."
          />
          <Field
            label="New name"
            name="name"
            autocomplete="off"
            hint={`Left empty, it stays "${name}".`}
          />
        </div>
        <div class="fields">
          <TextArea
            label="New headers"
            name="headers"
            hint={`Left empty, they stay. ${headersHint}`}
          />
        </div>
        <button class="main" type="submit">
          Save
        </button>
      </form>
    </Section>
  );
}

/** What can be done about its secrets, as many as it has now. */
export function SecretActs({
  accountId,
  webhook: { webhookId, secrets },
}: {
  accountId: IntegerId;
  webhook: StoredWebhook;
}) {
  const path = `/accounts/${accountId}/webhooks/${webhookId}/secret`;
  const has = secrets ?? 0;
  return (
    <Section title="Secret" id="secret">
      <p>{secretSentence(secrets)}</p>
      {has === 0 || has === 1 ? (
        <Act
          path={path}
          label={has === 0 ? 'Make a secret' : 'Rotate the secret'}
          kind="main"
          fields={{ act: secrets === null ? 'generate' : 'rotate' }}
        />
      ) : null}
      {has > 1 ? (
        <Act
          path={path}
          label="Retire the older secret"
          kind="main"
          fields={{ act: 'retire' }}
          confirm="Does the receiver verify calls with the newer secret already?"
        />
      ) : null}
      {secrets === 0 ? null : (
        <Act
          path={path}
          label="Sign no more"
          kind="danger"
          fields={{ act: 'remove' }}
          confirm="Remove all secrets? A receiver that verifies signatures will refuse the calls."
        />
      )}
    </Section>
  );
}

function secretSentence(secrets: number | null): string {
  switch (secrets) {
    case null:
      return "Its secret can't be used, so it is not called: make a new one.";
    case 0:
      return 'Calls are not signed.';
    case 1:
      return 'Calls are signed. Rotating puts a new secret beside this one: calls are signed with both until the older one is retired.';
    default:
      return `Calls are signed with ${secrets} secrets. Once the receiver verifies them with the newest, retire the older.`;
  }
}
