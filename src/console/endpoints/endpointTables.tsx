import { several, failureText, whyDisabled, type Times } from '../../support/words.ts';
import type {
  BlockedEndpoint,
  DisabledEndpoint,
  OpenBreaker,
  WaitingEndpoint,
} from '../../support/webhooks.ts';
import { Act, Empty, Section, Table, Time } from '../components/parts.tsx';

interface Shown<Endpoint> {
  readonly endpoints: readonly Endpoint[];
  readonly times: Times;
  readonly isEditor: boolean;
  readonly isSupport: boolean;
}

export function Disabled({ endpoints, times, isEditor }: Shown<DisabledEndpoint>) {
  return (
    <Section title="Disabled" id="disabled">
      {endpoints.length === 0 ? (
        <Empty>No endpoint is disabled.</Empty>
      ) : (
        <Table
          label="Disabled endpoints"
          headings={['Webhook', 'URL', 'Since', 'Why', 'Waiting', 'Act']}
          rows={endpoints.map((endpoint) => [
            <Whose endpoint={endpoint} />,
            <span class="url">{endpoint.url ?? 'no URL'}</span>,
            <Time at={endpoint.since} times={times} />,
            problemOf(endpoint) ?? whyDisabled(endpoint),
            several(endpoint.waiting, 'notification'),
            isEditor && endpoint.webhookId !== null ? (
              <Act
                path="/endpoints/enable"
                label={`Enable webhook ${endpoint.webhookId}`}
                kind="main"
                fields={{ webhook: String(endpoint.webhookId) }}
                confirm={`Call webhook ${endpoint.webhookId} again?`}
              />
            ) : (
              ''
            ),
          ])}
        />
      )}
      <p>
        <small>
          A receiver that answers 410 Gone, or with the header "webhook-delivery: disable", is not
          called any more. A new URL in the central database enables its webhook as well.
        </small>
      </p>
    </Section>
  );
}

export function OpenBreakers({ endpoints, times, isEditor, isSupport }: Shown<OpenBreaker>) {
  return (
    <Section title="Breaker open" id="breakers">
      {endpoints.length === 0 ? (
        <Empty>No breaker is open: no endpoint fails most of its calls.</Empty>
      ) : (
        <Table
          label="Endpoints whose breaker is open"
          headings={['Webhook', 'URL', 'Since', 'Last failure', 'Next probe', 'Waiting', 'Act']}
          rows={endpoints.map((endpoint) => [
            <Whose endpoint={endpoint} />,
            <span class="url">{endpoint.url ?? 'no URL'}</span>,
            <Time at={endpoint.since} times={times} />,
            problemOf(endpoint) ??
              `${failureText(endpoint)}; ${several(endpoint.failures ?? 0, 'failed attempt')}`,
            <Time at={endpoint.nextProbeAt} times={times} />,
            several(endpoint.waiting, 'notification'),
            <>
              {isSupport ? <RunRetries endpoint={endpoint} /> : null}
              {isEditor ? <Disable endpoint={endpoint} /> : null}
            </>,
          ])}
        />
      )}
    </Section>
  );
}

export function Waiting({ endpoints, times, isSupport }: Shown<WaitingEndpoint>) {
  return (
    <Section title="Waiting elsewhere" id="waiting">
      {endpoints.length === 0 ? (
        <Empty>Nothing waits at any other endpoint.</Empty>
      ) : (
        <Table
          label="Other endpoints at which notifications wait"
          headings={['Webhook', 'URL', 'First due', 'Waiting', 'Act']}
          rows={endpoints.map((endpoint) => [
            <Whose endpoint={endpoint} />,
            <span class="url">{endpoint.url ?? 'no URL'}</span>,
            endpoint.dueAt === null ? '?' : times.moment(endpoint.dueAt),
            `${endpoint.isAtLeast ? 'at least ' : ''}${several(endpoint.waiting, 'notification')}`,
            isSupport ? <RunRetries endpoint={endpoint} /> : '',
          ])}
        />
      )}
    </Section>
  );
}

type Named = Pick<BlockedEndpoint | WaitingEndpoint, 'webhookId' | 'accountId'>;

function Whose({ endpoint: { webhookId, accountId } }: { endpoint: Named }) {
  if (accountId === null) return <>{`${webhookId ?? '?'}`}</>;
  return (
    <>
      {`${webhookId ?? '?'} of `}
      <a href={`/accounts/${encodeURIComponent(accountId)}`}>{`account ${accountId}`}</a>
    </>
  );
}

function RunRetries({ endpoint: { webhookId, accountId } }: { endpoint: Named }) {
  if (webhookId === null) return null;
  return (
    <Act
      path="/endpoints/retries"
      label={`Run retries of webhook ${webhookId}`}
      fields={namesOf({ webhookId, accountId })}
    />
  );
}

function Disable({ endpoint: { webhookId, accountId } }: { endpoint: Named }) {
  if (webhookId === null) return null;
  return (
    <Act
      path="/endpoints/disable"
      label={`Disable webhook ${webhookId}`}
      kind="danger"
      fields={namesOf({ webhookId, accountId })}
      confirm={`Call webhook ${webhookId} no more? Its notifications then end as failed.`}
    />
  );
}

function namesOf({ webhookId, accountId }: Named): Readonly<Record<string, string>> {
  return {
    webhook: String(webhookId),
    ...(accountId === null ? {} : { account: String(accountId) }),
  };
}

function problemOf({ unreadable }: BlockedEndpoint): string | null {
  return unreadable === undefined ? null : `its row is unreadable: ${unreadable}`;
}
