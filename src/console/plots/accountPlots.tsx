import type { AccountStatistics, EndpointStatistics } from '../../support/statistics.ts';
import { count } from '../../support/words.ts';
import { Empty, Section } from '../components/parts.tsx';
import type { PlotTimes } from './plotFigure.tsx';
import { EndsPlot, LatencyPlot } from './statisticsPlots.tsx';

/** An account has one default webhook at a time; these are those of several days. */
const SHOWN = 10;

/** What happened at each of an account's endpoints in the last hours. */
export function AccountPlots({
  of: { endpoints, isIncomplete },
  hours,
  ...written
}: PlotTimes & { of: AccountStatistics; hours: number }) {
  if (endpoints.length === 0) {
    return <Empty>{`Nothing of it ended or was called in the last ${hours} hours.`}</Empty>;
  }
  const more = endpoints.length - SHOWN;
  return (
    <>
      {isIncomplete ? <Empty>There is more than can be shown: choose fewer hours.</Empty> : null}
      {endpoints.slice(0, SHOWN).map((each, index) => (
        <EndpointPlots of={each} id={`endpoint-${index}`} {...written} />
      ))}
      {more > 0 ? <Empty>{`${count(more)} more endpoints had fewer attempts.`}</Empty> : null}
    </>
  );
}

function EndpointPlots({
  of: { webhookId, url, series },
  id,
  ...written
}: PlotTimes & { of: EndpointStatistics; id: string }) {
  const title =
    webhookId === null
      ? 'Before it was known which webhook'
      : `Webhook ${webhookId}, ${url ?? 'no URL'}`;
  return (
    <Section title={title} id={id}>
      <EndsPlot of={series} {...written} />
      {webhookId === null ? null : <LatencyPlot of={series} {...written} />}
    </Section>
  );
}
