import { answerWithin, NoAnswerSoon } from '../../support/answerWithin.ts';
import { awayServer } from '../../support/errorSentence.ts';
import { readStatistics, type StatisticsSeries } from '../../support/statistics.ts';
import { count } from '../../support/words.ts';
import { Empty, Facts } from '../components/parts.tsx';
import type { ConsoleContext } from '../context.ts';
import type { PlotTimes } from '../plots/plotFigure.tsx';
import { EndsPlot, LatencyPlot, milliseconds, WaitingPlot } from '../plots/statisticsPlots.tsx';

const PATIENCE_MS = 5_000;

/** What happened in all in the last hours; null where MongoDB does not tell in time. */
export async function readLastHours(
  { session }: ConsoleContext,
  hours: number,
): Promise<StatisticsSeries | null> {
  const limit = { ms: PATIENCE_MS, who: 'MongoDB', stopping: session.stopping };
  try {
    return await answerWithin(limit, async () => await readStatistics(session, hours));
  } catch (error) {
    if (error instanceof NoAnswerSoon) return null;
    if (error instanceof Error && awayServer(error) !== null) return null;
    throw error;
  }
}

/** The same as plots. */
export function LastHours({ of, times, zone }: PlotTimes & { of: StatisticsSeries | null }) {
  if (of === null) {
    return <Empty>What happened is not known while MongoDB does not answer.</Empty>;
  }
  const { total } = of;
  if (total.attempts + total.delivered + total.failed + total.skipped === 0) {
    return (
      <Empty>
        Nothing happened, or it was not written down: a worker writes statistics some seconds after
        each call, if its MongoDB user has the rights to notify_on_delivery_endpoint_stats.
      </Empty>
    );
  }
  const written = { of, times, zone };
  return (
    <>
      <Totals of={of} />
      <EndsPlot {...written} />
      <WaitingPlot {...written} />
      <LatencyPlot {...written} />
    </>
  );
}

function Totals({ of }: { of: StatisticsSeries }) {
  const { delivered, failed, skipped, attempts, unsuccessful, p50Ms, p95Ms } = of.total;
  const outcomes = of.outcomes.map(([outcome, number]) => `${count(number)} ${outcome}`);
  return (
    <Facts
      of={[
        ['delivered', count(delivered)],
        ['failed', count(failed)],
        ['skipped', count(skipped)],
        [
          'attempts',
          `${count(attempts)}, ${count(unsuccessful)} of them without success${
            outcomes.length === 0 ? '' : ` (${outcomes.join(', ')})`
          }`,
        ],
        [
          'answer time',
          p50Ms === null || p95Ms === null
            ? 'no call was made'
            : `half within ${milliseconds(p50Ms)}, 95 of 100 within ${milliseconds(p95Ms)}`,
        ],
      ]}
    />
  );
}
