import { plot, type PlotOptions } from '@observablehq/plot';
import { parseHTML } from 'linkedom';

/** As much of an element as is needed here: no DOM is there to have types of. */
interface Drawn {
  readonly outerHTML: string;
  readonly firstChild: Drawn | null;
  querySelectorAll(selector: string): Iterable<Drawn>;
  remove(): void;
  insertBefore(child: Drawn, before: Drawn | null): void;
  setAttribute(name: string, value: string): void;
  removeAttribute(name: string): void;
  textContent: string;
}

interface PlotDocument {
  createElementNS(namespace: string, name: string): Drawn;
}

const SVG = 'http://www.w3.org/2000/svg';

/** Inline styles, which no page of ours allows; and what Plot says of single parts of what is one image. */
const removed = ['style', 'class', 'aria-label', 'aria-description', 'aria-hidden'];

/**
 * Draws without a browser. The image has no styles: `className` of a mark is how a style sheet finds it. `title` is for
 * those who can't see it, and for the mouse.
 */
export function drawSvg(options: PlotOptions, title: string): string {
  const { document } = parseHTML('<!doctype html><html></html>') as { document: unknown };
  const svg = plot({ ...options, document: document as never }) as unknown as Drawn;
  for (const style of svg.querySelectorAll('style')) style.remove();
  for (const name of removed) svg.removeAttribute(name);
  for (const name of removed.filter((each) => each !== 'class')) {
    for (const element of svg.querySelectorAll(`[${name}]`)) element.removeAttribute(name);
  }
  const label = (document as PlotDocument).createElementNS(SVG, 'title');
  label.textContent = title;
  svg.insertBefore(label, svg.firstChild);
  svg.setAttribute('role', 'img');
  svg.setAttribute('aria-label', title);
  return svg.outerHTML;
}
