import { raw } from 'hono/html';
import type { TimeZone } from '../../domain/sms.ts';
import type { Times } from '../../support/words.ts';
import { Empty, Table } from '../components/parts.tsx';
import { drawTimePlot, type PlotSeries, type TimePlot } from './drawTimePlot.ts';

/** How a plot's times are written. */
export interface PlotTimes {
  readonly times: Times;
  readonly zone: TimeZone;
}

interface Figure
  extends PlotTimes, Pick<TimePlot, 'title' | 'kind' | 'stepMs' | 'series' | 'show'> {
  readonly at: readonly Date[];
  /** Why there is nothing to see, where there is nothing. */
  readonly empty: string;
}

/** A plot with its legend, and the same figures as a table. */
export function PlotFigure({ at, zone, times, empty, ...given }: Figure) {
  const { title, series, show } = given;
  if (series.every(({ values }) => values.every((value) => (value ?? 0) === 0))) {
    return <Empty>{`${title}: ${empty}`}</Empty>;
  }
  const wallTimes = at.map((time) => wallTime(time, zone));
  return (
    <figure class="plot">
      <figcaption>
        {title}
        <Legend series={series} />
      </figcaption>
      <div class="scroll" role="region" aria-label={title} tabindex={0}>
        {raw(drawTimePlot({ ...given, wallTimes }))}
      </div>
      <details>
        <summary>As a table</summary>
        <Table
          label={`${title}, as a table`}
          headings={['from', ...series.map(({ name }) => name)]}
          rows={at
            .map((time, index) => [
              times.at(time),
              ...series.map(({ values }) => shown(values[index] ?? null, show)),
            ])
            .toReversed()}
        />
      </details>
    </figure>
  );
}

function Legend({ series }: { series: readonly PlotSeries[] }) {
  if (series.length < 2) return null;
  return (
    <ul class="legend">
      {series.map(({ name, className }) => (
        <li>
          <svg width="12" height="12" aria-hidden="true">
            <rect class={className} fill="currentColor" width="12" height="12" />
          </svg>
          {name}
        </li>
      ))}
    </ul>
  );
}

function shown(value: number | null, show: (value: number) => string): string {
  return value === null ? '–' : show(value);
}

/** What clocks show there, as if it were UTC. */
function wallTime(time: Date, zone: TimeZone): Date {
  return new Date(zone.format(time).replace(/(?:Z|[+-]\d{2}:\d{2})$/, 'Z'));
}
