import type { Plot } from './plot.ts';
import { figure } from './text.ts';

/** As in the tables, or with a power of ten where that is too long or looks like 0. */
export function valueText(value: number | null): string {
  const size = Math.abs(value ?? 0);
  const isTiny = size > 0 && size < 0.005;
  const isHuge = size >= 1e7 && size < Number.POSITIVE_INFINITY;
  return value !== null && (isTiny || isHuge) ? value.toExponential(2) : figure(value);
}

/** What a plot shows, for those who can't see it. */
export function inWords(plot: Plot): string {
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

/** Control characters, halves of pairs, and what is no character. */
const notDrawable = /[\p{Cc}\p{Cs}\ufffe\uffff]/gu;

/** Without what XML or an axis can't hold. */
export function drawable(plot: Plot): Plot {
  const clean = JSON.stringify(plot, (_key, value: unknown) => {
    if (typeof value === 'string') return value.replace(notDrawable, '\ufffd');
    return Number.isFinite(value) || typeof value !== 'number' ? value : null;
  });
  return JSON.parse(clean) as Plot;
}

/** Errs on the wide side, as the reader's font is not known. */
export function textWidth(text: string, size: number): number {
  const widths = Array.from(text, (letter) => (letter < '\u2000' ? 0.62 : 1.1));
  return size * widths.reduce((sum, width) => sum + width, 0);
}

/** As much of the text as there is room for. */
export function cutText(text: string, width: number, size: number): string {
  if (textWidth(text, size) <= width) return text;
  const letters = Array.from(text);
  while (letters.length > 0 && textWidth(`${letters.join('')}…`, size) > width) letters.pop();
  return `${letters.join('')}…`;
}
