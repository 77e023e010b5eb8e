import { drawBars } from './bars.ts';
import { drawLines } from './lines.ts';
import type { Plot } from './plot.ts';

/** The text of an SVG file. */
export function toSvg(plot: Plot): string {
  switch (plot.kind) {
    case 'bars':
      return drawBars(plot);
    case 'lines':
      return drawLines(plot);
    default:
      return plot satisfies never;
  }
}
