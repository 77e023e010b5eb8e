import { textOf, type XmlElement } from './xml.ts';

type Place = readonly [x: number, y: number];

/** As wide as letters of a sans-serif are on average, so that it is no copy of the drawing's own estimate. */
const LETTER = 0.55;

/** The corners of what an element draws; lines without their width. NaN where a number is missing. */
export function extentsOf(element: XmlElement, fontSize: number): readonly Place[] {
  const number = (name: string): number => Number(element.attributes[name]);
  switch (element.name) {
    case 'rect':
      return [
        [number('x'), number('y')],
        [number('x') + number('width'), number('y') + number('height')],
        // Turns what has a negative size into a place outside.
        [Math.sign(number('width')), Math.sign(number('height'))],
      ];
    case 'line':
      return [
        [number('x1'), number('y1')],
        [number('x2'), number('y2')],
      ];
    case 'text':
      return textExtents(element, fontSize);
    case 'path':
      return pathPlaces(element.attributes['d'] ?? '');
    case 'svg':
    case 'title':
    case 'desc':
      return [];
    default:
      throw new Error(`<${element.name}> is not known here`);
  }
}

function textExtents(element: XmlElement, fontSize: number): readonly Place[] {
  const { x, y, 'text-anchor': anchor, 'font-size': ownSize } = element.attributes;
  const size = Number(ownSize ?? fontSize);
  const width = Array.from(textOf(element)).length * LETTER * size;
  const left = Number(x) - width * (anchor === 'end' ? 1 : anchor === 'middle' ? 0.5 : 0);
  return [
    [left, Number(y) - 0.8 * size],
    [left + width, Number(y) + 0.25 * size],
  ];
}

/** Of `M`, `L` and `h`, which is all that is drawn with. */
function pathPlaces(path: string): readonly Place[] {
  const steps = path.match(/[A-Za-z][^A-Za-z]*/g) ?? [];
  if (steps.join('') !== path || !path.startsWith('M')) throw new Error(`not a path: ${path}`);
  let at: Place = [Number.NaN, Number.NaN];
  return steps.map((step) => {
    const numbers = step.slice(1).split(' ').map(Number);
    const [first = Number.NaN, second = Number.NaN] = numbers;
    if (step.startsWith('h')) at = [at[0] + first, at[1]];
    else if (step.startsWith('M') || step.startsWith('L')) at = [first, second];
    else throw new Error(`not known here: ${step}`);
    return at;
  });
}
