import { palette } from './palette.ts';
import type { Plot } from './plot.ts';
import { element, textElement } from './svg.ts';
import { fitted, textWidth } from './textFit.ts';

/** As wide as a page on GitHub shows a file's text. */
export const WIDTH = 830;
export const PADDING = 12;
export const GAP = 8;
export const TEXT_SIZE = 13;
const TITLE_SIZE = 17;
const ROOM = WIDTH - 2 * PADDING;
const LINE = 20;

const fonts = "-apple-system, 'Segoe UI', 'Noto Sans', Helvetica, Arial, sans-serif";

/** Elements, and how far down they reach. */
export interface Drawn {
  readonly elements: readonly string[];
  readonly bottom: number;
}

export type Anchor = 'start' | 'middle' | 'end';

/** Text whose letters stand on `y`. */
export function label(content: string, x: number, y: number, anchor: Anchor = 'start'): string {
  return textElement('text', { x, y, 'text-anchor': anchor }, content);
}

/** The whole image, with what is said of it to those who can't see it. */
export function svgDocument(plot: Plot, description: string, { elements, bottom }: Drawn): string {
  const height = Math.ceil(bottom + PADDING);
  const attributes = {
    xmlns: 'http://www.w3.org/2000/svg',
    width: WIDTH,
    height,
    viewBox: `0 0 ${WIDTH} ${height}`,
    role: 'img',
    'aria-labelledby': 'title description',
    'font-family': fonts,
    'font-size': TEXT_SIZE,
    fill: palette.text,
  };
  const said = [
    textElement('title', { id: 'title' }, plot.title),
    textElement('desc', { id: 'description' }, description),
  ];
  return `${element('svg', attributes, [...said, ...elements])}\n`;
}

interface LegendEntry {
  readonly label: string;
  /** Of a box of `SAMPLE` by `SAMPLE` with this middle on the left. */
  sample(x: number, y: number): string;
}

export const SAMPLE = 14;

/** Title, note and legend. */
export function heading({ title, note }: Plot, entries: readonly LegendEntry[]): Drawn {
  const elements = [
    textElement(
      'text',
      { x: PADDING, y: PADDING + TITLE_SIZE, 'font-size': TITLE_SIZE, 'font-weight': 600 },
      fitted(title, TITLE_SIZE, ROOM),
    ),
  ];
  let bottom = PADDING + TITLE_SIZE + GAP;
  if (note !== null) {
    bottom += LINE;
    elements.push(label(fitted(note, TEXT_SIZE, ROOM), PADDING, bottom - GAP));
  }
  const under = legend(entries, bottom);
  return { elements: [...elements, ...under.elements], bottom: under.bottom };
}

/** From left to right, in as many lines as it takes. */
function legend(entries: readonly LegendEntry[], top: number): Drawn {
  const elements: string[] = [];
  let x = PADDING;
  let bottom = entries.length === 0 ? top : top + LINE;
  for (const entry of entries) {
    const text = fitted(entry.label, TEXT_SIZE, ROOM - SAMPLE - GAP);
    const width = SAMPLE + GAP + textWidth(text, TEXT_SIZE);
    if (x > PADDING && x + width > WIDTH - PADDING) {
      x = PADDING;
      bottom += LINE;
    }
    const y = bottom - LINE / 2;
    elements.push(entry.sample(x, y), label(text, x + SAMPLE + GAP, y + TEXT_SIZE / 3));
    x += width + 2 * GAP;
  }
  return { elements, bottom };
}
