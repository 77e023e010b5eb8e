import type { Child } from 'hono/jsx';
import type { IntegerId } from '../../domain/ids.ts';
import type { AccountView, QueriedSteps } from '../../support/accountView.ts';
import type { AccountSetup } from '../../support/setup.ts';
import { count, several } from '../../support/words.ts';
import { Act, Badge, Empty, Facts, Field, Section, Table } from '../components/parts.tsx';
import { AddWebhook } from './webhookForms.tsx';

interface StepsProps {
  readonly accountId: IntegerId;
  readonly view: AccountView;
  /** Whether who asks may change the steps, as far as their role goes. */
  readonly isEditor: boolean;
  /** The flow that is looked for; null for all. */
  readonly flowId: IntegerId | null;
}

/** The three steps, with what can be changed of them. */
export function Steps({ accountId, view, isEditor, flowId }: StepsProps) {
  if (view.kind === 'unknown') {
    return (
      <Section title="Steps 1 to 3" id="step-1">
        <p class="problem">{`They can't be read now. ${view.problem}`}</p>
      </Section>
    );
  }
  const isEditable = isEditor && view.readOnly === null;
  const { setting, isOptedIn } = view.kind === 'tables' ? view.setup : view.steps;
  const notes = isEditor && view.readOnly !== null ? [view.source, view.readOnly] : [view.source];
  return (
    <>
      <OptIn accountId={accountId} setting={setting} isOptedIn={isOptedIn} isEditable={isEditable}>
        <p>
          <small>{notes.join(' ')}</small>
        </p>
      </OptIn>
      {view.kind === 'tables' ? (
        <>
          <Webhooks accountId={accountId} setup={view.setup} isEditable={isEditable} />
          <Flows accountId={accountId} setup={view.setup} isEditable={isEditable} flowId={flowId} />
        </>
      ) : (
        <QueriedOnes accountId={accountId} steps={view.steps} flowId={flowId} />
      )}
    </>
  );
}

function OptIn({
  accountId,
  setting,
  isOptedIn,
  isEditable,
  children,
}: {
  accountId: IntegerId;
  setting: string | null;
  isOptedIn: boolean;
  isEditable: boolean;
  children?: Child;
}) {
  return (
    <Section title="Step 1: does the account want notifications?" id="step-1">
      <p>
        <Badge tone={isOptedIn ? 'good' : 'off'}>{isOptedIn ? 'on' : 'off'}</Badge>{' '}
        {isOptedIn ? 'The account is notified.' : 'The account is not notified.'}{' '}
        <code>account.sms.notifyOnDelivery</code>
        {setting === null ? ' is not set.' : ` is ${JSON.stringify(setting)}.`}
      </p>
      {isEditable ? (
        <Act
          path={`/accounts/${accountId}/opt-in`}
          label={isOptedIn ? 'Switch notifications off' : 'Switch notifications on'}
          kind={isOptedIn ? 'danger' : 'main'}
          fields={{ enabled: isOptedIn ? 'no' : 'yes' }}
          {...(isOptedIn ? { confirm: `Stop all notifications of account ${accountId}?` } : {})}
        />
      ) : null}
      {children}
    </Section>
  );
}

function Webhooks({
  accountId,
  setup: { webhooks },
  isEditable,
}: {
  accountId: IntegerId;
  setup: AccountSetup;
  isEditable: boolean;
}) {
  const hasDefault = webhooks.some(({ isDefault }) => isDefault);
  const rows = webhooks.map((webhook) => [
    <a href={`/accounts/${accountId}/webhooks/${webhook.webhookId}`}>
      {`${webhook.webhookId} ${webhook.name}`}
    </a>,
    webhook.isDefault ? <Badge tone="good">default</Badge> : '',
    <span class="url">{webhook.url ?? "can't be shown"}</span>,
    secretsText(webhook.secrets),
    webhook.headers === null ? 'unusable' : webhook.headers.join(', ') || 'none',
    isEditable && !webhook.isDefault ? (
      <Act
        path={`/accounts/${accountId}/webhooks/${webhook.webhookId}/default`}
        label={`Make ${webhook.name} the default`}
      />
    ) : (
      ''
    ),
  ]);
  const headings = ['Webhook', 'Default', 'URL', 'Secrets', 'Headers', 'Act'];
  return (
    <Section title="Step 2: which webhook is called?" id="webhooks">
      {hasDefault ? null : (
        <Empty>
          {webhooks.length === 0
            ? 'The account has no webhook, so nothing is sent: add one.'
            : 'None of its webhooks is the default one, so nothing is sent: make one the default.'}
        </Empty>
      )}
      {webhooks.length === 0 ? null : (
        <Table
          label="Webhooks"
          headings={isEditable ? headings : headings.slice(0, -1)}
          rows={isEditable ? rows : rows.map((row) => row.slice(0, -1))}
        />
      )}
      {isEditable ? <AddWebhook accountId={accountId} isFirst={webhooks.length === 0} /> : null}
    </Section>
  );
}

/** Secrets are never shown, only how many there are. */
export function secretsText(secrets: number | null): string {
  if (secrets === null) return 'unusable';
  return secrets === 0 ? 'none: not signed' : count(secrets);
}

/** An account with more of them looks for one. */
const FLOWS_SHOWN = 100;

function Flows({
  accountId,
  setup: { flows },
  isEditable,
  flowId,
}: {
  accountId: IntegerId;
  setup: AccountSetup;
  isEditable: boolean;
  flowId: IntegerId | null;
}) {
  const on = flows.filter(({ isEnabled }) => isEnabled).length;
  const found = flowId === null ? flows : flows.filter((flow) => flow.flowId === flowId);
  const rows = found
    .slice(0, FLOWS_SHOWN)
    .map((flow) => [
      `${flow.flowId} ${flow.name ?? ''}`.trim(),
      <Badge tone={flow.isEnabled ? 'good' : 'off'}>{flow.isEnabled ? 'on' : 'off'}</Badge>,
      isEditable ? (
        <SwitchFlow accountId={accountId} flowId={flow.flowId} isEnabled={flow.isEnabled} />
      ) : (
        ''
      ),
    ]);
  const more = found.length > FLOWS_SHOWN ? `, the first ${FLOWS_SHOWN} shown: look for one` : '';
  return (
    <Section title="Step 3: for which flows?" id="flows">
      <p>{`On for ${count(on)} of ${several(flows.length, 'flow')}${more}.`}</p>
      <FindFlow accountId={accountId} flowId={flowId} />
      {rows.length === 0 ? (
        <Empty>
          {flowId === null
            ? 'No flow of this account has a row, so nothing is sent: switch one on.'
            : `The account has no row for flow ${flowId}, so its SMS are not notified.`}
        </Empty>
      ) : (
        <Table
          label="Flows"
          headings={isEditable ? ['Flow', 'Webhook', 'Act'] : ['Flow', 'Webhook']}
          rows={isEditable ? rows : rows.map((row) => row.slice(0, -1))}
        />
      )}
      {isEditable ? <SwitchOtherFlow accountId={accountId} /> : null}
    </Section>
  );
}

function SwitchFlow({
  accountId,
  flowId,
  isEnabled,
}: {
  accountId: IntegerId;
  flowId: IntegerId;
  isEnabled: boolean;
}) {
  return (
    <Act
      path={`/accounts/${accountId}/flows`}
      label={isEnabled ? `Switch flow ${flowId} off` : `Switch flow ${flowId} on`}
      fields={{ flowId: String(flowId), enabled: isEnabled ? 'no' : 'yes' }}
    />
  );
}

function FindFlow({ accountId, flowId }: { accountId: IntegerId; flowId: IntegerId | null }) {
  return (
    <form class="fields short" method="get" action={`/accounts/${accountId}#flows`}>
      <Field
        label="Look for a flow"
        name="flow"
        inputmode="numeric"
        value={flowId === null ? '' : String(flowId)}
      />
      <button type="submit">Look</button>
    </form>
  );
}

function SwitchOtherFlow({ accountId }: { accountId: IntegerId }) {
  return (
    <form class="fields short" method="post" action={`/accounts/${accountId}/flows`}>
      <input type="hidden" name="enabled" value="yes" />
      <Field label="Switch on another flow" name="flowId" inputmode="numeric" required={true} />
      <button type="submit">Switch on</button>
      <small>A row is added where there is none; a flow of another account is refused.</small>
    </form>
  );
}

/** Steps 2 and 3, as the route query tells them. */
function QueriedOnes({
  accountId,
  steps: { webhook, isFlowEnabled },
  flowId,
}: {
  accountId: IntegerId;
  steps: QueriedSteps;
  flowId: IntegerId | null;
}) {
  return (
    <>
      <Section title="Step 2: which webhook is called?" id="webhooks">
        {webhook === null ? (
          <Empty>The account has no default webhook, so nothing is sent.</Empty>
        ) : (
          <Facts
            of={[
              ['Default webhook', String(webhook.webhookId)],
              ['URL', webhook.url ?? "can't be shown"],
              ['Secrets', secretsText(webhook.secrets)],
              ...(webhook.problem === null ? [] : [['Problem', webhook.problem] as const]),
            ]}
          />
        )}
      </Section>
      <Section title="Step 3: for which flows?" id="flows">
        <FindFlow accountId={accountId} flowId={flowId} />
        {isFlowEnabled === null ? (
          <Empty>Look for a flow to see whether its webhook is on.</Empty>
        ) : (
          <p>
            <Badge tone={isFlowEnabled ? 'good' : 'off'}>{isFlowEnabled ? 'on' : 'off'}</Badge>{' '}
            {isFlowEnabled
              ? `The webhook is on for flow ${flowId}.`
              : `The webhook is off for flow ${flowId}, or that flow is not of this account.`}
          </p>
        )}
      </Section>
    </>
  );
}
