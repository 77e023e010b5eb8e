import { across, horizontalAxis, SIDE, widest, type Area } from './axes.ts';
import { GAP, heading, label, PADDING, SAMPLE, svgDocument, TEXT_SIZE, WIDTH } from './frame.ts';
import { valueText } from './numberText.ts';
import { palette, seriesColour } from './palette.ts';
import type { BarGroup, BarPlot } from './plot.ts';
import { linearScale, logarithmicScale, type Scale } from './scale.ts';
import { element, textElement } from './svg.ts';
import { fitted } from './textFit.ts';

const BAR = 16;
const BETWEEN_BARS = 2;
const BETWEEN_GROUPS = 10;
const LABELS_AT_MOST = 240;

/** Bars from left to right, since what they are of has long names; each with its value at its end. */
export function drawBars(plot: BarPlot): string {
  const { series, groups } = plot;
  const values = groups.flatMap((group) => valuesOf(group, plot));
  const known = values.filter((value) => value !== null);
  const scale = plot.scale === 'linear' ? linearScale(known) : logarithmicScale(known);
  const entries = series.map((name, index) => ({
    label: name,
    sample: (x: number, middle: number) => {
      const y = middle - SAMPLE / 2;
      return element('rect', { x, y, width: SAMPLE, height: SAMPLE, fill: seriesColour(index) });
    },
  }));
  const head = heading(plot, series.length > 1 ? entries : []);
  const labelWidth = Math.min(LABELS_AT_MOST, widest(groups.map((group) => group.label)));
  const top = head.bottom + GAP;
  const groupHeight = series.length * (BAR + BETWEEN_BARS) + BETWEEN_GROUPS;
  const area = {
    left: Math.max(SIDE, PADDING + labelWidth + GAP),
    right: WIDTH - PADDING - Math.max(SIDE, GAP + widest(values.map(valueText))),
    top,
    bottom: top + groups.length * groupHeight,
  };
  const axis = horizontalAxis(area, scale, unitOf(plot));
  const bars = groups.flatMap((group, index) => {
    const from = top + index * groupHeight + BETWEEN_GROUPS / 2;
    return [
      groupLabel(group, area.left - GAP, from + (groupHeight - BETWEEN_GROUPS) / 2, labelWidth),
      ...barsOf(group, { plot, area, scale, top: from }),
    ];
  });
  const elements = [...head.elements, ...axis.elements, ...bars];
  return svgDocument(plot, inWords(plot), { elements, bottom: axis.bottom });
}

/** One for each of the series; what is no number is none. */
function valuesOf({ values }: BarGroup, { series }: BarPlot): readonly (number | null)[] {
  return series.map((_, index) => {
    const value = values[index] ?? null;
    return Number.isFinite(value) ? value : null;
  });
}

interface Place {
  readonly plot: BarPlot;
  readonly area: Area;
  readonly scale: Scale;
  readonly top: number;
}

function barsOf(group: BarGroup, { plot, area, scale, top }: Place): readonly string[] {
  const base = across(area, scale.base);
  return valuesOf(group, plot).flatMap((value, index) => {
    const y = top + index * (BAR + BETWEEN_BARS);
    const end = value === null ? base : across(area, scale.at(value));
    const [left, right] = [Math.min(base, end), Math.max(base, end)];
    const fill = colourOf(group, index, plot);
    return [
      element('rect', { x: left, y, width: right - left, height: BAR, fill }),
      label(valueText(value), right + GAP / 2, y + BAR / 2 + TEXT_SIZE / 3),
    ];
  });
}

/** Bars of one kind are told apart by what stands out, others by their kind. */
function colourOf(group: BarGroup, index: number, { series, groups }: BarPlot): string {
  const isPlain =
    series.length === 1 && !group.isEmphasised && groups.some(({ isEmphasised }) => isEmphasised);
  return isPlain ? palette.plain : seriesColour(index);
}

function groupLabel(group: BarGroup, x: number, middle: number, room: number): string {
  const attributes = {
    x,
    y: middle + TEXT_SIZE / 3,
    'text-anchor': 'end',
    'font-weight': group.isEmphasised ? 600 : 400,
  };
  return textElement('text', attributes, fitted(group.label, TEXT_SIZE, room));
}

function unitOf({ unit, scale }: BarPlot): string {
  const text = scale === 'linear' ? unit : `${unit}, logarithmic`;
  return fitted(text, TEXT_SIZE, WIDTH - 2 * LABELS_AT_MOST);
}

function inWords(plot: BarPlot): string {
  const groups = plot.groups.map((group) => {
    const figures = valuesOf(group, plot).map((value, index) =>
      plot.series.length === 1
        ? valueText(value)
        : `${plot.series[index] ?? ''} ${valueText(value)}`,
    );
    return `${group.label}: ${figures.join(', ')}`;
  });
  return `${[plot.unit, ...groups].join('; ')}.`;
}
