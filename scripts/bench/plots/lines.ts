import { across, horizontalAxis, SIDE, upwards, verticalAxis, widest } from './axes.ts';
import { GAP, heading, label, PADDING, SAMPLE, svgDocument, TEXT_SIZE, WIDTH } from './frame.ts';
import { tickText, valueText } from './numberText.ts';
import { dashes, seriesColour } from './palette.ts';
import type { Line, LinePlot, Point } from './plot.ts';
import { linearScale } from './scale.ts';
import { element } from './svg.ts';
import { fitted } from './textFit.ts';

const HEIGHT = 260;

/** Both axes from 0, so that heights can be compared. */
export function drawLines(plot: LinePlot): string {
  const { lines } = plot;
  const points = lines.flatMap((line) => line.points);
  const horizontal = linearScale(points.map(([x]) => x));
  const vertical = linearScale(points.flatMap(([, y]) => (y === null ? [] : [y])));
  const entries = lines.map((line, index) => ({
    label: line.label,
    sample: (x: number, y: number) => stroke(index, `M${x} ${y}h${SAMPLE}`),
  }));
  const head = heading(plot, lines.length > 1 ? entries : []);
  const unitAt = head.bottom + GAP + TEXT_SIZE;
  const top = unitAt + GAP + TEXT_SIZE / 2;
  const area = {
    left: Math.max(SIDE, PADDING + GAP + widest(vertical.ticks.map(tickText))),
    right: WIDTH - SIDE,
    top,
    bottom: top + HEIGHT,
  };
  const axis = horizontalAxis(
    area,
    horizontal,
    fitted(plot.over, TEXT_SIZE, area.right - area.left),
  );
  const place = ([x, y]: readonly [number, number]): string =>
    `${rounded(across(area, horizontal.at(x)))} ${rounded(upwards(area, vertical.at(y)))}`;
  const elements = [
    ...head.elements,
    label(fitted(plot.unit, TEXT_SIZE, WIDTH - 2 * PADDING), PADDING, unitAt),
    ...axis.elements,
    ...verticalAxis(area, vertical),
    ...lines.flatMap((line, index) => {
      const path = pathOf(line, place);
      return path === '' ? [] : [stroke(index, path)];
    }),
  ];
  return svgDocument(plot, inWords(plot), { elements, bottom: axis.bottom });
}

/** A point that stands alone is drawn as a dot: a line of no length with round ends. */
function pathOf({ points }: Line, place: (point: readonly [number, number]) => string): string {
  let isDrawing = false;
  const steps: string[] = [];
  for (const [x, y] of points) {
    const isThere = y !== null && Number.isFinite(x) && Number.isFinite(y);
    if (isThere) steps.push(isDrawing ? `L${place([x, y])}` : `M${place([x, y])}h0`);
    isDrawing = isThere;
  }
  return steps.join('');
}

function stroke(index: number, path: string): string {
  return element('path', {
    d: path,
    fill: 'none',
    stroke: seriesColour(index),
    'stroke-width': 2,
    'stroke-dasharray': dashes(index),
    'stroke-linecap': 'round',
    'stroke-linejoin': 'round',
  });
}

function rounded(value: number): number {
  return Math.round(value * 10) / 10;
}

function inWords({ unit, over, lines }: LinePlot): string {
  const each = lines.map(({ label: name, points }) => {
    const values = points.flatMap(([, y]: Point) => (y === null ? [] : [y]));
    const [first = null, last = null] = [values[0], values.at(-1)];
    const most = values.reduce((one, other) => Math.max(one, other), first ?? Number.NaN);
    return `${name}: from ${valueText(first)} to ${valueText(last)}, at most ${valueText(most)}`;
  });
  return `${[`${unit}, over ${over}`, ...each].join('; ')}.`;
}
