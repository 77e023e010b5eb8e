import { BarChart, LineChart } from 'echarts/charts';
import { GridComponent, LegendComponent, TitleComponent } from 'echarts/components';
import { init, setPlatformAPI, use } from 'echarts/core';
import { SVGRenderer } from 'echarts/renderers';
import type { BarPlot, LinePlot, Plot } from './plot.ts';
import { figure } from './text.ts';

use([BarChart, LineChart, GridComponent, LegendComponent, TitleComponent, SVGRenderer]);

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
const BETWEEN_GROUPS = 12;
const BELOW_AXIS = 46;
const LINES_HEIGHT = 260;
const VALUE_WIDTH = 72;
const LABEL_WIDTH = 240;
const SAMPLE = 14;

/**
 * Stands before every text until the image is drawn. ECharts keeps widths in plain objects, by text: the text `__proto__`
 * gives all objects the enumerable properties of a cache entry, which ECharts then writes as attributes. No text has
 * this character itself, because XML can't hold it.
 */
const MARK = '\u0001';

/** Errs on the wide side, as the reader's font is not known. */
function textWidth(text: string, size = 13): number {
  const widths = Array.from(text.replaceAll(MARK, ''), (letter) =>
    letter < '\u2000' ? 0.62 : 1.1,
  );
  return size * widths.reduce((sum, width) => sum + width, 0);
}

setPlatformAPI({
  measureText: (text, font) => ({
    width: textWidth(text, Number(/([\d.]+)px/.exec(font ?? '')?.[1] ?? 13)),
  }),
});

/** The text of an SVG file. */
export function toSvg(given: Plot): string {
  const plot = drawable(given);
  const isBars = plot.kind === 'bars';
  const legend = legendOf(isBars ? plot.series : plot.lines.map(({ label }) => label));
  const legendTop = PADDING + (plot.note === null ? 28 : 50);
  const top = legendTop + legend.height + (isBars ? 4 : 36);
  const size = isBars
    ? Math.max(1, plot.groups.length) * (plot.series.length * (BAR + 2) + BETWEEN_GROUPS)
    : LINES_HEIGHT;
  const height = top + size + BELOW_AXIS;
  const chart = init(null, null, { renderer: 'svg', ssr: true, width: WIDTH, height });
  chart.setOption({
    animation: false,
    color: [...palette.series],
    textStyle: {
      fontFamily: "-apple-system, 'Segoe UI', 'Noto Sans', Helvetica, Arial, sans-serif",
    },
    title: {
      text: plot.title,
      subtext: plot.note ?? '',
      left: PADDING,
      top: PADDING,
      padding: 0,
      textStyle: textStyle(WIDTH - 2 * PADDING, { fontSize: 17, fontWeight: 600 }),
      subtextStyle: textStyle(WIDTH - 2 * PADDING),
    },
    legend: { ...legend, top: legendTop },
    grid: {
      top,
      height: size,
      left: PADDING,
      right: isBars ? VALUE_WIDTH : 2 * PADDING,
      outerBoundsMode: 'same',
      outerBoundsContain: 'axisLabel',
    },
    ...(isBars ? barsOf(plot) : linesOf(plot)),
  });
  const svg = chart.renderToSVGString();
  chart.dispose();
  return asImage(svg, plot).replaceAll(MARK, '');
}

function textStyle(width?: number, more: object = {}): object {
  const cut = width === undefined ? {} : { width, overflow: 'truncate' };
  return { color: palette.text, fontSize: 13, ...cut, ...more };
}

/** In one row where that has room, else one below the other; not at all for a single entry. */
function legendOf(names: readonly string[]) {
  const isShown = names.length > 1;
  const width = names.reduce((sum, name) => sum + textWidth(name) + 3 * SAMPLE, 0);
  const isRow = width < WIDTH - 2 * PADDING;
  return {
    show: isShown,
    orient: isRow ? 'horizontal' : 'vertical',
    height: isShown ? (isRow ? 1 : names.length) * LINE : 0,
    left: PADDING,
    padding: 0,
    icon: 'rect',
    itemWidth: SAMPLE,
    itemHeight: SAMPLE,
    itemGap: isRow ? 2 * SAMPLE : LINE - SAMPLE,
    textStyle: textStyle(WIDTH - 2 * PADDING - 2 * SAMPLE),
  };
}

function valueAxis(name: string, more: object = {}): object {
  return {
    type: 'value',
    name,
    nameLocation: 'middle',
    nameGap: 26,
    nameTruncate: { maxWidth: WIDTH - 2 * LABEL_WIDTH },
    nameTextStyle: textStyle(),
    axisLabel: { ...textStyle(), hideOverlap: true },
    axisLine: { show: false, onZero: false },
    axisTick: { show: false },
    splitLine: { show: true, lineStyle: { color: palette.plain, opacity: 0.4 } },
    ...more,
  };
}

/** Bars from left to right, since what they are of has long names; each with its value at its end. */
function barsOf({ unit, scale, series, groups }: BarPlot): object {
  const isEmphasising = series.length === 1 && groups.some(({ isEmphasised }) => isEmphasised);
  const isLogarithmic = scale === 'logarithmic';
  const base = isLogarithmic ? logarithmicBase(groups.flatMap(({ values }) => values)) : 0;
  return {
    xAxis: isLogarithmic
      ? valueAxis(`${unit}, logarithmic`, { type: 'log', min: base, startValue: base })
      : valueAxis(unit),
    yAxis: {
      type: 'category',
      inverse: true,
      axisLine: { show: false },
      axisTick: { show: false },
      axisLabel: { ...textStyle(LABEL_WIDTH), interval: 0 },
      data: groups.map(({ label, isEmphasised }) => ({
        value: label,
        textStyle: { fontWeight: isEmphasised ? 600 : 400 },
      })),
    },
    series: series.map((name, index) => ({
      type: 'bar',
      name,
      silent: true,
      barWidth: BAR,
      barGap: '12%',
      data: groups.map(({ values, isEmphasised }) => {
        const value = values[index] ?? null;
        return {
          value: value === null || (isLogarithmic && value <= 0) ? base : value,
          label: { ...textStyle(), show: true, position: 'right', formatter: valueText(value) },
          itemStyle: isEmphasising && !isEmphasised ? { color: palette.plain } : {},
        };
      }),
    })),
  };
}

/** The power of ten below the least value, and far enough below it for its bar to be seen. */
function logarithmicBase(values: readonly (number | null)[]): number {
  const positive = values.filter((value) => value !== null && value > 0);
  const least = Math.min(...positive.map(Number));
  return positive.length === 0 ? 0.1 : 10 ** Math.floor(Math.log10(least / 1.25));
}

function linesOf({ unit, over, lines }: LinePlot): object {
  return {
    xAxis: valueAxis(over),
    yAxis: valueAxis(unit, {
      nameLocation: 'end',
      nameGap: PADDING,
      nameTextStyle: textStyle(undefined, { align: 'left' }),
    }),
    series: lines.map(({ label, points }, index) => ({
      type: 'line',
      name: label,
      silent: true,
      symbolSize: 3,
      showAllSymbol: true,
      lineStyle: { width: 2, type: index < palette.series.length ? 'solid' : 'dashed' },
      // A point that no line leads to is a dot.
      data: points.map((value, at) => {
        const isAlone = [points[at - 1], points[at + 1]].every(
          (next) => (next?.[1] ?? null) === null,
        );
        return { value, symbol: isAlone ? 'circle' : 'none' };
      }),
    })),
  };
}

/** As in the tables, or with a power of ten where that is too long or looks like 0. */
export function valueText(value: number | null): string {
  const size = Math.abs(value ?? 0);
  const isTiny = size > 0 && size < 0.005;
  const isHuge = size >= 1e7 && size < Number.POSITIVE_INFINITY;
  return value !== null && (isTiny || isHuge) ? value.toExponential(2) : figure(value);
}

/** Control characters, halves of pairs, and what is no character. */
const notDrawable = /[\p{Cc}\p{Cs}\ufffe\uffff]/gu;

/** Fields whose values are not drawn. */
const notDrawn: ReadonlySet<string> = new Set(['kind', 'name', 'scale']);

/** Without what XML or an axis can't hold, and with every text marked. */
function drawable(plot: Plot): Plot {
  const clean = JSON.stringify(plot, (key, value: unknown) => {
    if (typeof value === 'string') {
      return notDrawn.has(key) ? value : MARK + value.replace(notDrawable, '\ufffd');
    }
    return Number.isFinite(value) || typeof value !== 'number' ? value : null;
  });
  return JSON.parse(clean) as Plot;
}

/** What is for pages that react to the mouse. */
const interactive = / (?:class|pointer-events|ecmeta_\w+)="[^"]*"|<style.*<\/style>\n/gs;

/** Counted over all images that a process draws. */
const counted = /(?<=(?:id="|url\(#)zr)\d+/g;

/** An image and no more, with what it shows in words for those who can't see it. */
function asImage(svg: string, plot: Plot): string {
  const head = [
    'role="img" aria-labelledby="title description">',
    `<title id="title">${escaped(plot.title)}</title>`,
    `<desc id="description">${escaped(inWords(plot))}</desc>`,
  ];
  return `${svg
    .replace(interactive, '')
    .replace(counted, '')
    .replace('>', () => ` ${head.join('\n')}`)}\n`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}

function inWords(plot: Plot): string {
  if (plot.kind === 'bars') {
    const groups = plot.groups.map(({ label, values }) => {
      const figures = plot.series.map((name, index) => {
        const text = valueText(values[index] ?? null);
        return plot.series.length === 1 ? text : `${name} ${text}`;
      });
      return `${label}: ${figures.join(', ')}`;
    });
    return `${[plot.unit, ...groups].join('; ')}.`;
  }
  const each = plot.lines.map(({ label, points }) => {
    const values = points.flatMap(([, y]) => y ?? []);
    const [first = null, last = null] = [values[0], values.at(-1)];
    const most = values.length === 0 ? null : Math.max(...values);
    return `${label}: from ${valueText(first)} to ${valueText(last)}, at most ${valueText(most)}`;
  });
  return `${[`${plot.unit}, over ${plot.over}`, ...each].join('; ')}.`;
}
