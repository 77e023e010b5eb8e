import { answerWithin } from '../../support/answerWithin.ts';
import type { Session } from '../../support/session.ts';
import { readSlowEndpoints, type SlowEndpoint } from '../../support/statistics.ts';
import { count } from '../../support/words.ts';
import { AccountLink, Empty, Section, Table } from '../components/parts.tsx';
import { milliseconds } from '../plots/statisticsPlots.tsx';

/** A list that takes longer comes with the next refresh. */
const PATIENCE_MS = 500;

/** Null where MongoDB has not told in time. */
export async function readSlowSoon(session: Session): Promise<readonly SlowEndpoint[] | null> {
  const limit = { ms: PATIENCE_MS, who: 'MongoDB', stopping: session.stopping };
  try {
    return await answerWithin(limit, async () => await readSlowEndpoints(session));
  } catch {
    return null;
  }
}

/** Endpoints that take long to answer. */
export function SlowEndpoints({ of }: { of: readonly SlowEndpoint[] | null }) {
  return (
    <Section title="Slow endpoints" id="slow">
      {of === null ? (
        <Empty>Which endpoints are slow is not known yet: it comes with the next refresh.</Empty>
      ) : of.length === 0 ? (
        <Empty>
          As far as workers have written it down, no endpoint took longer than a second on average
          in the last half hour.
        </Empty>
      ) : (
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
      )}
    </Section>
  );
}
