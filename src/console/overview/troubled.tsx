import { blockageText, count, several, type Times } from '../../support/words.ts';
import type { WorkerStatus } from '../../support/workerStatus.ts';
import { AccountLink, Badge, Empty, Section, Table, Time } from '../components/parts.tsx';

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
