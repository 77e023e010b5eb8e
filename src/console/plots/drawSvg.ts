import { plot, type PlotOptions } from '@observablehq/plot';
import { DOMParser } from 'linkedom';

/** As much of an element as is needed here: without a browser there are no types of a DOM. */
export interface SvgElement {
  readonly outerHTML: string;
  readonly firstChild: SvgElement | null;
  textContent: string;
  querySelectorAll(selector: string): Iterable<SvgElement>;
  append(...children: readonly SvgElement[]): void;
  insertBefore(child: SvgElement, before: SvgElement | null): void;
  remove(): void;
  getAttribute(name: string): string | null;
  setAttribute(name: string, value: string): void;
  removeAttribute(name: string): void;
}

interface SvgDocument {
  createElementNS(namespace: string, name: string): SvgElement;
}

const SVG = 'http://www.w3.org/2000/svg';

/** Inline styles, which the console's pages do not allow, and what Plot says of the parts of what is one image. */
const removed = ['style', 'aria-label', 'aria-description', 'aria-hidden'];

interface SvgWords {
  readonly title: string;
  /** Of an image in a file of its own: what it shows, for those who can't see it. */
  readonly description?: string;
}

/**
 * Draws without a browser. The image has no styles: a mark's `className` is how a style sheet finds it.
 *
 * @param attributes of the image, such as its font
 */
export function drawSvg(
  options: PlotOptions,
  { title, description }: SvgWords,
  attributes: Readonly<Record<string, string>> = {},
): string {
  const document: unknown = new DOMParser().parseFromString('<svg/>', 'image/svg+xml');
  const svg = plot({ ...options, document: document as never }) as unknown as SvgElement;
  for (const style of svg.querySelectorAll('style')) style.remove();
  for (const name of removed) {
    svg.removeAttribute(name);
    for (const element of svg.querySelectorAll(`[${name}]`)) element.removeAttribute(name);
  }
  svg.removeAttribute('class');
  roundLengths(svg);
  const words = description === undefined ? { title } : { title, desc: description };
  for (const [name, text] of Object.entries(words).toReversed()) {
    const id = description === undefined ? {} : { id: name };
    svg.insertBefore(svgElement(document, name, { ...id, text }), svg.firstChild);
  }
  const label: Record<string, string> =
    description === undefined ? { 'aria-label': title } : { 'aria-labelledby': 'title desc' };
  const own = { xmlns: SVG, role: 'img', ...label, ...attributes };
  for (const [name, value] of Object.entries(own)) svg.setAttribute(name, value);
  // A reference that XML does not know by name, and browsers need in no form.
  return svg.outerHTML.replaceAll('&#160;', '\u00a0');
}

/** In pixels, and with the fewest digits that are seen. */
const lengths = ['x', 'y', 'x1', 'x2', 'y1', 'y2', 'width', 'height', 'cx', 'cy', 'd', 'transform'];

function roundLengths(svg: SvgElement): void {
  for (const name of lengths) {
    for (const element of svg.querySelectorAll(`[${name}]`)) {
      const text = element.getAttribute(name) ?? '';
      const rounded = text.replace(/\d+\.\d{3,}/g, (number) => String(+Number(number).toFixed(2)));
      element.setAttribute(name, rounded);
    }
  }
}

/** For what Plot has no mark for. `document` is that of a mark's context. */
export function svgElement(
  document: unknown,
  name: string,
  { text, ...attributes }: Readonly<Record<string, string | number>>,
): SvgElement {
  const element = (document as SvgDocument).createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
  if (text !== undefined) element.textContent = String(text);
  return element;
}
