import { axisX, axisY, dot, gridY, lineY, rect, ruleY, type Markish } from '@observablehq/plot';
import { drawSvg } from './drawSvg.ts';

/** Figures that change over time. */
export interface TimePlot {
  readonly title: string;
  /** Bars stand on each other. */
  readonly kind: 'bars' | 'lines';
  /** When each step begins, as clocks show it where the reader is, in UTC. */
  readonly wallTimes: readonly Date[];
  readonly stepMs: number;
  readonly series: readonly PlotSeries[];
  /** A figure as people read it. */
  show(value: number): string;
}

export interface PlotSeries {
  readonly name: string;
  /** Of the style sheet. */
  readonly className: string;
  /** For each step; null for none. */
  readonly values: readonly (number | null)[];
}

const WIDTH = 720;
const HEIGHT = 200;
const MOST_TICKS = 8;
const HOUR_MS = 3_600_000;
const tickHours = [1, 2, 3, 6, 12, 24, 48];
/** Else a scale of nothing or next to nothing has fractions on it. */
const LEAST_TOP = 4;

/** SVG without styles, for `console.css`. */
export function drawTimePlot(given: TimePlot): string {
  const { title, kind, wallTimes, stepMs, show } = given;
  const [first = new Date(0)] = wallTimes;
  const end = new Date((wallTimes.at(-1) ?? first).getTime() + stepMs);
  const quiet = { tickSize: 0, label: null, className: 'plot-axis' };
  return drawSvg(
    {
      ...{ width: WIDTH, height: HEIGHT },
      ...{ marginLeft: 52, marginRight: 12, marginTop: 10, marginBottom: 26 },
      x: { type: 'utc', domain: [first, end] },
      y: { domain: [0, Math.max(LEAST_TOP, topOf(given))], nice: LEAST_TOP },
      marks: [
        gridY({ ticks: LEAST_TOP, className: 'plot-grid' }),
        axisY({ ...quiet, ticks: LEAST_TOP, tickFormat: show }),
        axisX(ticksWithin(first, end), { ...quiet, tickFormat: clockText }),
        ...(kind === 'bars' ? barsOf(given) : linesOf(given)),
        ruleY([0], { className: 'plot-base' }),
      ],
    },
    { title },
  );
}

function topOf({ kind, wallTimes, series }: TimePlot): number {
  const heights = wallTimes.map((_, index) => {
    const values = series.map(({ values: each }) => each[index] ?? 0);
    return kind === 'bars' ? values.reduce((sum, value) => sum + value, 0) : Math.max(0, ...values);
  });
  return Math.max(0, ...heights);
}

function barsOf({ wallTimes, stepMs, series }: TimePlot): readonly Markish[] {
  const reached = wallTimes.map(() => 0);
  return series.map(({ className, values }) => {
    const bars = wallTimes.flatMap((x1, index) => {
      const value = values[index] ?? 0;
      const y1 = reached[index] ?? 0;
      reached[index] = y1 + value;
      return value === 0 ? [] : [{ x1, x2: new Date(x1.getTime() + stepMs), y1, y2: y1 + value }];
    });
    const sides = { x1: 'x1', x2: 'x2', y1: 'y1', y2: 'y2' };
    return rect(bars, { ...sides, insetLeft: 0.5, insetRight: 0.5, className });
  });
}

/** A point that no line leads to is a dot. */
function linesOf({ wallTimes, stepMs, series }: TimePlot): readonly Markish[] {
  return series.flatMap(({ className, values }) => {
    const points = wallTimes.map((time, index) => ({
      x: new Date(time.getTime() + stepMs / 2),
      y: values[index] ?? Number.NaN,
    }));
    const isThere = (index: number): boolean => (values[index] ?? null) !== null;
    const alone = points.filter(
      (_, index) => isThere(index) && !isThere(index - 1) && !isThere(index + 1),
    );
    return [
      lineY(points, { x: 'x', y: 'y', className, strokeWidth: 2 }),
      dot(alone, { x: 'x', y: 'y', r: 2, className: `${className} plot-dot` }),
    ];
  });
}

/** At whole hours. */
function ticksWithin(first: Date, end: Date): readonly Date[] {
  const lengthMs = end.getTime() - first.getTime();
  const hours = tickHours.find((each) => lengthMs / (each * HOUR_MS) <= MOST_TICKS) ?? 48;
  const everyMs = hours * HOUR_MS;
  const ticks: Date[] = [];
  for (
    let ms = Math.ceil(first.getTime() / everyMs) * everyMs;
    ms <= end.getTime();
    ms += everyMs
  ) {
    ticks.push(new Date(ms));
  }
  return ticks;
}

/** `18:00`, and at midnight the day, `01-31`. */
function clockText(wallTime: Date): string {
  const text = wallTime.toISOString();
  const time = text.slice(11, 16);
  return time === '00:00' ? text.slice(5, 10) : time;
}
