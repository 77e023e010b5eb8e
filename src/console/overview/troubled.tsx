import type { SlowEndpoint } from '../../support/statistics.ts';
import { blockageText, count, several, type Times } from '../../support/words.ts';
import type { WorkerStatus } from '../../support/workerStatus.ts';
import { Badge, Empty, Section, Table, Time } from '../components/parts.tsx';
import { milliseconds } from '../plots/statisticsPlots.tsx';

const SHOWN = 20;

/** Endpoints that are not called, those with most waiting first. */
export function Troubled({ of, times }: { of: WorkerStatus; times: Times }) {
  const all = [...of.breakers, ...of.disabled].toSorted((a, b) => b.waiting - a.waiting);
  const more = all.length - SHOWN;
  return (
    <Section title="Endpoints in trouble" id="trouble">
      {all.length === 0 ? (
        <Empty>Every endpoint may be called.</Empty>
      ) : (
        <Table
          label="Endpoints in trouble"
          headings={['Endpoint', 'Account', 'State', 'Since', 'Waiting', 'Why']}
          rows={all
            .slice(0, SHOWN)
            .map((each) => [
              `webhook ${each.webhookId ?? '?'}, ${each.url ?? 'no URL'}`,
              <AccountLink id={each.accountId} />,
              <Badge tone="bad">
                {each.kind === 'breaker_open' ? 'breaker open' : 'disabled'}
              </Badge>,
              <Time at={each.since} times={times} />,
              count(each.waiting),
              blockageText(each, times),
            ])}
        />
      )}
      {more > 0 ? (
        <p>
          <a href="/endpoints">{`${several(more, 'endpoint')} more`}</a>
        </p>
      ) : null}
    </Section>
  );
}

/** Endpoints that take long to answer; nothing where there are none. */
export function SlowEndpoints({ of }: { of: readonly SlowEndpoint[] }) {
  if (of.length === 0) return null;
  return (
    <Section title="Slow endpoints" id="slow">
      <Table
        label="Endpoints that took longer than a second on average in the last half hour"
        headings={['Endpoint', 'Account', 'On average', 'Calls in the last half hour']}
        rows={of.map(({ webhookId, accountId, url, meanMs, calls }) => [
          `webhook ${webhookId ?? '?'}, ${url ?? 'no URL'}`,
          <AccountLink id={accountId} />,
          milliseconds(meanMs),
          count(calls),
        ])}
      />
    </Section>
  );
}

function AccountLink({ id }: { id: number | string | null }) {
  if (id === null) return <span>?</span>;
  return <a href={`/accounts/${encodeURIComponent(id)}`}>{String(id)}</a>;
}
