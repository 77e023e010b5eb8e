import { GAP, label, TEXT_SIZE, type Drawn } from './frame.ts';
import { tickText } from './numberText.ts';
import { palette } from './palette.ts';
import type { Scale } from './scale.ts';
import { element } from './svg.ts';
import { textWidth } from './textFit.ts';

/** What the values are drawn in. */
export interface Area {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

export function across({ left, right }: Area, share: number): number {
  return left + share * (right - left);
}

export function upwards({ top, bottom }: Area, share: number): number {
  return bottom - share * (bottom - top);
}

/** So that a text in the middle above or below an end of the area stays in the image. */
export const SIDE = 48;

function gridLine(x1: number, y1: number, x2: number, y2: number): string {
  const attributes = { x1, y1, x2, y2, stroke: palette.grid, 'stroke-opacity': 0.4 };
  return element('line', attributes);
}

/** Lines from top to bottom, their values below, and below these what they are. */
export function horizontalAxis(area: Area, { ticks, at }: Scale, unit: string): Drawn {
  const { top, left, right } = area;
  const valuesAt = area.bottom + TEXT_SIZE + GAP / 2;
  const unitAt = valuesAt + TEXT_SIZE + GAP / 2;
  const marks = ticks.flatMap((tick) => {
    const x = across(area, at(tick));
    return [gridLine(x, top, x, area.bottom), label(tickText(tick), x, valuesAt, 'middle')];
  });
  return {
    elements: [...marks, label(unit, (left + right) / 2, unitAt, 'middle')],
    bottom: unitAt,
  };
}

/** Lines from left to right, with their values on the left. */
export function verticalAxis(area: Area, { ticks, at }: Scale): readonly string[] {
  return ticks.flatMap((tick) => {
    const y = upwards(area, at(tick));
    const text = label(tickText(tick), area.left - GAP, y + TEXT_SIZE / 3, 'end');
    return [gridLine(area.left, y, area.right, y), text];
  });
}

export function widest(texts: readonly string[]): number {
  return texts.reduce((width, text) => Math.max(width, textWidth(text, TEXT_SIZE)), 0);
}
