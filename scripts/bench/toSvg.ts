import {
  axisX,
  axisY,
  dot,
  gridX,
  gridY,
  lineY,
  rect,
  text,
  type Markish,
  type PlotOptions,
} from '@observablehq/plot';
import { drawSvg, svgElement, type SvgElement } from '../../src/console/plots/drawSvg.ts';
import type { BarPlot, LinePlot, Plot } from './plot.ts';
import { cutText, drawable, inWords, textWidth, valueText } from './plotWords.ts';

/**
 * Readable on white and on dark pages, since an image does not know which it is on. The first four differ
 * for the colour-blind too.
 */
export const palette = {
  text: '#737a84',
  plain: '#8b949e',
  series: ['#3b82c4', '#d55e00', '#009e73', '#cc79a7'],
} as const;

/** As wide as a page on GitHub shows a file's text. */
const WIDTH = 830;
const PADDING = 12;
const LINE = 20;
const BAR = 16;
const BETWEEN_BARS = 2;
const BETWEEN_GROUPS = 12;
const BELOW_AXIS = 46;
const LINES_HEIGHT = 260;
const VALUE_WIDTH = 84;
const LABEL_WIDTH = 240;
const LEAST_LABEL = 40;
const SAMPLE = 14;
const SIZE = 13;
const TITLE_SIZE = 17;
const MOST_TICKS = 8;

const font = {
  'font-size': String(SIZE),
  'font-family': "-apple-system, 'Segoe UI', 'Noto Sans', Helvetica, Arial, sans-serif",
  fill: palette.text,
  color: palette.text,
};
const axis = { tickSize: 0, labelArrow: 'none', labelAnchor: 'center' } as const;
const grid = { stroke: palette.plain, strokeOpacity: 0.4 };

/** The text of an SVG file. */
export function toSvg(given: Plot): string {
  const plot = drawable(given);
  const isBars = plot.kind === 'bars';
  const legend = legendOf(isBars ? plot.series : plot.lines.map(({ label }) => label));
  const legendTop = PADDING + (plot.note === null ? 28 : 50);
  const top = legendTop + legend.height + (isBars ? 4 : 36);
  const size = isBars ? Math.max(1, plot.groups.length) * groupHeight(plot) : LINES_HEIGHT;
  const drawn = isBars ? barsOf(plot, top) : linesOf(plot);
  const head: Markish = headOf(plot, legend.samples, legendTop);
  const options: PlotOptions = {
    ...drawn,
    ...{ width: WIDTH, height: top + size + BELOW_AXIS, marginTop: top, marginBottom: BELOW_AXIS },
    marks: [head, ...(drawn.marks ?? [])],
  };
  const svg = drawSvg(options, { title: plot.title, description: inWords(plot) }, font);
  // One element a line, for who compares two versions of the file.
  return `${svg.replaceAll('><', '>\n<')}\n`;
}

interface Sample {
  readonly name: string;
  readonly colour: string;
  readonly x: number;
  readonly y: number;
}

/** In one row where that has room, else one below the other; not at all for a single entry. */
function legendOf(names: readonly string[]): {
  readonly height: number;
  readonly samples: readonly Sample[];
} {
  if (names.length < 2) return { height: 0, samples: [] };
  const widths = names.map((name) => textWidth(name, SIZE) + 3 * SAMPLE);
  const isRow = widths.reduce((sum, width) => sum + width, 0) < WIDTH - 2 * PADDING;
  const samples = names.map((name, index): Sample => {
    const before = widths.slice(0, index).reduce((sum, width) => sum + width, 0);
    const place = isRow ? { x: PADDING + before, y: 0 } : { x: PADDING, y: index * LINE };
    return { name, colour: colourOf(index), ...place };
  });
  return { height: (isRow ? 1 : names.length) * LINE, samples };
}

function colourOf(index: number): string {
  return palette.series[index % palette.series.length] ?? palette.plain;
}

/** Title, note and legend. */
function headOf(plot: Plot, samples: readonly Sample[], legendTop: number) {
  return (...[, , , , context]: readonly [unknown, unknown, unknown, unknown, unknown]): never => {
    const { document } = context as { document: unknown };
    const words = (content: string, x: number, y: number, more = {}): SvgElement =>
      svgElement(document, 'text', { x, y, 'text-anchor': 'start', ...more, text: content });
    const width = WIDTH - 2 * PADDING;
    const title = { 'font-size': TITLE_SIZE, 'font-weight': 600 };
    const head = svgElement(document, 'g', {});
    head.append(words(cutText(plot.title, width, TITLE_SIZE), PADDING, PADDING + 15, title));
    if (plot.note !== null)
      head.append(words(cutText(plot.note, width, SIZE), PADDING, PADDING + 38));
    for (const { name, colour, x, y } of samples) {
      const at = { x, y: legendTop + y, width: SAMPLE, height: SAMPLE, fill: colour };
      const label = cutText(name, width - 2 * SAMPLE, SIZE);
      head.append(svgElement(document, 'rect', at), words(label, x + 1.5 * SAMPLE, at.y + 12));
    }
    if (plot.kind === 'lines') {
      head.append(
        words(cutText(plot.unit, width, SIZE), PADDING, legendTop + heightOf(samples) + 20),
      );
    }
    // Plot calls it a mark; there is no DOM to have a type of.
    return head as never;
  };
}

function heightOf(samples: readonly Sample[]): number {
  return samples.length === 0 ? 0 : Math.max(...samples.map(({ y }) => y)) + LINE;
}

function groupHeight({ series }: BarPlot): number {
  return series.length * (BAR + BETWEEN_BARS) + BETWEEN_GROUPS;
}

/** Bars from left to right, since what they are of has long names; each with its value at its end. */
function barsOf(plot: BarPlot, top: number): PlotOptions {
  const { unit, scale, series, groups } = plot;
  const isEmphasising = series.length === 1 && groups.some(({ isEmphasised }) => isEmphasised);
  const { base, domain, ticks } = valueScale(plot);
  const bars = groups.flatMap(({ values, isEmphasised }, group) =>
    series.map((_, index) => {
      const value = values[index] ?? null;
      const y = top + group * groupHeight(plot) + BETWEEN_GROUPS / 2 + index * (BAR + BETWEEN_BARS);
      const isBare = value === null || (scale === 'logarithmic' && value <= 0);
      const fill = isEmphasising && !isEmphasised ? palette.plain : colourOf(index);
      return {
        base,
        value: isBare ? base : value,
        y1: y,
        y2: y + BAR,
        fill,
        label: valueText(value),
      };
    }),
  );
  const labels = groups.map(({ label, isEmphasised }, group) => ({
    label: cutText(label, LABEL_WIDTH, SIZE),
    y: top + (group + 0.5) * groupHeight(plot),
    isEmphasised,
  }));
  const labelWidth = Math.max(...labels.map(({ label }) => textWidth(label, SIZE)), LEAST_LABEL);
  const unitText = scale === 'logarithmic' ? `${unit}, logarithmic` : unit;
  const labelMarks = [false, true].map((isBold) =>
    text(
      labels.filter(({ isEmphasised }) => isEmphasised === isBold),
      {
        ...{ text: 'label', y: 'y', frameAnchor: 'left', textAnchor: 'end', dx: -8 },
        ...{ fontSize: SIZE, fill: palette.text, fontWeight: isBold ? 600 : 400 },
      },
    ),
  );
  return {
    marginLeft: PADDING + labelWidth + 8,
    marginRight: VALUE_WIDTH,
    x: { type: scale === 'logarithmic' ? 'log' : 'linear', domain },
    y: { type: 'identity', axis: null },
    marks: [
      gridX(ticks, grid),
      axisX(ticks, {
        ...{ ...axis, tickFormat: tickText, fontSize: SIZE, labelOffset: 34 },
        label: cutText(unitText, WIDTH - 2 * LABEL_WIDTH, SIZE),
      }),
      rect(bars, { x1: 'base', x2: 'value', y1: 'y1', y2: 'y2', fill: 'fill' }),
      text(bars, {
        ...{ text: 'label', x: ({ base: from, value }: Bar) => Math.max(from, value) },
        ...{ y: ({ y1, y2 }: Bar) => (y1 + y2) / 2, textAnchor: 'start', dx: 5 },
        ...{ fontSize: SIZE, fill: palette.text },
      }),
      ...labelMarks,
    ],
  };
}

interface Bar {
  readonly base: number;
  readonly value: number;
  readonly y1: number;
  readonly y2: number;
}

interface ValueScale {
  /** Where bars begin. */
  readonly base: number;
  readonly domain: readonly [number, number];
  readonly ticks: readonly number[];
}

function valueScale({ scale, groups }: BarPlot): ValueScale {
  const values = groups.flatMap(({ values: each }) => each.filter((value) => value !== null));
  return scale === 'logarithmic' ? powerScale(values) : { base: 0, ...roundScale(values) };
}

/** From the power of ten far enough below the least value for its bar to be seen. */
function powerScale(values: readonly number[]): ValueScale {
  const positive = values.filter((value) => value > 0);
  const [least, most] = [Math.min(...positive), Math.max(...positive)];
  const first = positive.length === 0 ? -1 : Math.floor(Math.log10(least / 1.25));
  const last = positive.length === 0 ? 0 : Math.max(first + 1, Math.ceil(Math.log10(most)));
  const every = Math.ceil((last - first) / MOST_TICKS);
  const powers = Array.from({ length: last - first + 1 }, (_, index) => first + index);
  return {
    base: 10 ** first,
    domain: [10 ** first, 10 ** last],
    ticks: powers.filter((_, index) => index % every === 0).map((power) => 10 ** power),
  };
}

/** From 0, or below the least, to beyond the greatest, by steps of 1, 2 or 5 times a power of ten. */
function roundScale(values: readonly number[]): Omit<ValueScale, 'base'> {
  const least = Math.min(0, ...values);
  const most = Math.max(0, ...values);
  const length = most - least === 0 ? 1 : most - least;
  const power = 10 ** Math.floor(Math.log10(length / 4));
  const step = power * ([1, 2, 5].find((each) => length / (power * each) <= 6) ?? 10);
  const from = Math.floor(least / step);
  const to = Math.max(from + 1, Math.ceil((least + length) / step));
  const ticks = Array.from({ length: to - from + 1 }, (_, index) => (from + index) * step);
  return { domain: [from * step, to * step], ticks };
}

function linesOf({ unit: _unit, over, lines }: LinePlot): PlotOptions {
  const points = lines.flatMap(({ points: each }) => each);
  const xs = points.map(([x]) => x).filter(Number.isFinite);
  const horizontal = {
    from: xs.length === 0 ? 0 : Math.min(...xs),
    to: xs.length === 0 ? 1 : Math.max(...xs),
  };
  const end = horizontal.to > horizontal.from ? horizontal.to : horizontal.from + 1;
  const vertical = roundScale(points.flatMap(([, y]) => y ?? []));
  const widest = Math.max(...vertical.ticks.map((tick) => textWidth(tickText(tick), SIZE)));
  return {
    marginLeft: PADDING + widest + 8,
    marginRight: 3 * PADDING,
    x: { type: 'linear', domain: [horizontal.from, end] },
    y: { type: 'linear', domain: vertical.domain },
    marks: [
      gridY(vertical.ticks, grid),
      axisY(vertical.ticks, { ...axis, tickFormat: tickText, fontSize: SIZE, label: null }),
      axisX({
        ...{ ...axis, ticks: MOST_TICKS, tickFormat: tickText, fontSize: SIZE, labelOffset: 34 },
        label: cutText(over, WIDTH - 2 * LABEL_WIDTH, SIZE),
      }),
      ...lines.flatMap(lineMarks),
    ],
  };
}

/** A point that no line leads to is a dot. */
function lineMarks({ points }: LinePlot['lines'][number], index: number): readonly Markish[] {
  const colour = colourOf(index);
  const places = points.map(([x, y]) => ({ x, y: y ?? Number.NaN, colour }));
  const alone = places.filter((place, at) => {
    const beside = [places[at - 1], places[at + 1]];
    return !Number.isNaN(place.y) && beside.every((next) => Number.isNaN(next?.y ?? Number.NaN));
  });
  const dashes = index < palette.series.length ? {} : { strokeDasharray: '4,3' };
  return [
    lineY(places, { x: 'x', y: 'y', stroke: 'colour', z: null, strokeWidth: 2, ...dashes }),
    dot(alone, { x: 'x', y: 'y', fill: 'colour', stroke: 'none', r: 2 }),
  ];
}

/** In as few letters as half a margin has room for. */
function tickText(value: number): string {
  const size = Math.abs(value);
  return size > 0 && (size < 1e-3 || size >= 1e7)
    ? value.toExponential(2).replace(/\.?0+e/, 'e')
    : value.toLocaleString('en-US', { maximumSignificantDigits: 5 });
}
