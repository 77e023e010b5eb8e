import { textOf, type XmlElement } from './xml.ts';

type Place = readonly [x: number, y: number];

/** As wide as letters of a sans-serif are on average, so that it is no copy of the drawing's own estimate. */
const LETTER = 0.55;

/** The corners of what an element draws; lines without their width. NaN where a number is missing. */
export function extentsOf(element: XmlElement): readonly Place[] {
  const number = (name: string): number => Number(element.attributes[name]);
  switch (element.name) {
    case 'rect':
      return [
        [number('x'), number('y')],
        [number('x') + number('width'), number('y') + number('height')],
      ];
    case 'text':
      return moved(element, textExtents(element));
    case 'path':
      return moved(element, placesOf(element));
    case 'clipPath':
    case 'defs':
    case 'g':
    case 'svg':
    case 'title':
    case 'desc':
      return [];
    default:
      throw new Error(`<${element.name}> is not known here`);
  }
}

/** By a translation, or by a matrix that scales alike in both directions. */
function moved({ attributes }: XmlElement, places: readonly Place[]): readonly Place[] {
  const { transform } = attributes;
  if (transform === undefined) return places;
  const numbers = /^(?:translate\(|matrix\((\S+),0,0,\1,)(\S+)[ ,](\S+)\)$/.exec(transform);
  if (numbers === null) throw new Error(`not known here: ${transform}`);
  const [scale = 1, right = Number.NaN, down = Number.NaN] = numbers
    .slice(1)
    .map((text: string | undefined) => (text === undefined ? undefined : Number(text)));
  return places.map(([x, y]) => [scale * x + right, scale * y + down]);
}

function sizeOf({ attributes }: XmlElement): number {
  return Number(/font-size:(\d+)px/.exec(attributes['style'] ?? '')?.[1]);
}

function textExtents(element: XmlElement): readonly Place[] {
  const { x = 0, y = 0, 'text-anchor': anchor } = element.attributes;
  const size = sizeOf(element);
  const width = Array.from(textOf(element)).length * LETTER * size;
  const left = Number(x) - width * (anchor === 'end' ? 1 : anchor === 'middle' ? 0.5 : 0);
  return [
    [left, Number(y) - 0.5 * size],
    [left + width, Number(y) + 0.5 * size],
  ];
}

/** Where a path goes by its `M`, `L`, `l` and `A`, which is all that is drawn with. */
export function placesOf({ attributes: { d: path = '' } }: XmlElement): readonly Place[] {
  const steps = path.match(/[A-Za-z][^A-Za-z]*/g) ?? [];
  if (steps.join('') !== path || !/^(?:M|$)/.test(path)) throw new Error(`not a path: ${path}`);
  let at: Place = [Number.NaN, Number.NaN];
  return steps.map((step) => {
    const numbers = step.slice(1).split(' ').map(Number);
    const [x = Number.NaN, y = Number.NaN] = numbers.slice(-2);
    if (step.startsWith('l')) at = [at[0] + x, at[1] + y];
    else if (/^[MLA]/.test(step)) at = [x, y];
    else if (step !== 'Z') throw new Error(`not known here: ${step}`);
    return at;
  });
}
