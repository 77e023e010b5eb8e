import type { StatisticsPoint, StatisticsSeries } from '../../support/statistics.ts';
import { count, duration } from '../../support/words.ts';
import { PlotFigure, type PlotTimes } from './plotFigure.tsx';

interface Of extends PlotTimes {
  readonly of: StatisticsSeries;
}

/** What became of notifications that ended. */
export function EndsPlot({ of, ...written }: Of) {
  const valuesOf = (figure: 'delivered' | 'failed' | 'skipped'): readonly number[] =>
    of.points.map((point) => point[figure]);
  return (
    <PlotFigure
      {...common(of)}
      {...written}
      title={`Notifications that ended, ${stepText(of)}`}
      kind="bars"
      series={[
        { name: 'delivered', className: 'plot-delivered', values: valuesOf('delivered') },
        { name: 'failed', className: 'plot-failed', values: valuesOf('failed') },
        { name: 'skipped', className: 'plot-skipped', values: valuesOf('skipped') },
      ]}
      show={count}
      empty={`none ended in the last ${hoursText(of)}.`}
    />
  );
}

/** The most that waited for an attempt. */
export function WaitingPlot({ of, ...written }: Of) {
  const values = of.points.map(({ waiting }) => waiting);
  return (
    <PlotFigure
      {...common(of)}
      {...written}
      title={`Most notifications that waited for an attempt, ${stepText(of)}`}
      kind="lines"
      series={[{ name: 'waiting', className: 'plot-waiting', values }]}
      show={count}
      empty={`none waited in the last ${hoursText(of)}.`}
    />
  );
}

/** How long calls took. */
export function LatencyPlot({ of, ...written }: Of) {
  const valuesOf = (figure: keyof Pick<StatisticsPoint, 'p50Ms' | 'p95Ms'>) =>
    of.points.map((point) => point[figure]);
  return (
    <PlotFigure
      {...common(of)}
      {...written}
      title={`Answer time, ${stepText(of)}`}
      kind="lines"
      series={[
        {
          name: 'half of the calls took no longer',
          className: 'plot-p50',
          values: valuesOf('p50Ms'),
        },
        { name: '95 of 100 took no longer', className: 'plot-p95', values: valuesOf('p95Ms') },
      ]}
      show={milliseconds}
      empty={`no call was made in the last ${hoursText(of)}.`}
    />
  );
}

function common({ points, stepMs }: StatisticsSeries) {
  return { at: points.map(({ at }) => at), stepMs };
}

function stepText({ stepMs }: StatisticsSeries): string {
  return `in steps of ${duration(stepMs)}`;
}

function hoursText({ hours }: StatisticsSeries): string {
  return hours === 1 ? 'hour' : `${count(hours)} hours`;
}

/** With two digits at least: they are read from a histogram. */
export function milliseconds(ms: number): string {
  if (ms >= 9_950) return `${Math.round(ms / 1_000)} s`;
  if (ms >= 995) return `${(ms / 1_000).toFixed(1)} s`;
  return `${Math.round(ms)} ms`;
}
