import { textOf, type XmlElement } from './xml.ts';

type Place = readonly [x: number, y: number];

/** As wide as letters of a sans-serif are on average, so that it is no copy of the drawing's own estimate. */
const LETTER = 0.55;

/** An element as it is drawn: moved by all that it is in, and with what it inherits. */
export interface Drawn {
  readonly element: XmlElement;
  readonly movedBy: Place;
  /** The nearest of its own and those above. */
  readonly inherited: Readonly<Record<string, string>>;
}

const start: Omit<Drawn, 'element'> = { movedBy: [0, 0], inherited: {} };

/** The element and all below it. */
export function drawnIn(element: XmlElement, above = start): readonly Drawn[] {
  const [dx, dy] = translationOf(element);
  const drawn: Drawn = {
    element,
    movedBy: [above.movedBy[0] + dx, above.movedBy[1] + dy],
    inherited: { ...above.inherited, ...element.attributes },
  };
  const below = element.children.filter((child) => typeof child !== 'string');
  return [drawn, ...below.flatMap((child) => drawnIn(child, drawn))];
}

function translationOf({ attributes: { transform } }: XmlElement): Place {
  if (transform === undefined) return [0, 0];
  const numbers = /^translate\(([-\d.e]+),([-\d.e]+)\)$/.exec(transform);
  if (numbers === null) throw new Error(`not known here: ${transform}`);
  return [Number(numbers[1]), Number(numbers[2])];
}

/** The corners of what an element draws; lines without their width. NaN where a number is missing. */
export function extentsOf(drawn: Drawn): readonly Place[] {
  const { element, movedBy } = drawn;
  const [dx, dy] = movedBy;
  return placesIn(drawn, element).map(([x, y]) => [x + dx, y + dy]);
}

function placesIn(drawn: Drawn, element: XmlElement): readonly Place[] {
  const number = (name: string): number => Number(element.attributes[name]);
  switch (element.name) {
    case 'rect':
      return [
        [number('x'), number('y')],
        [number('x') + number('width'), number('y') + number('height')],
      ];
    case 'line':
      return [
        [number('x1'), number('y1')],
        [number('x2'), number('y2')],
      ];
    case 'circle':
      return [-1, 1].map((side) => [
        number('cx') + side * number('r'),
        number('cy') + side * number('r'),
      ]);
    case 'text':
      return textExtents(drawn);
    case 'path':
      return placesOf(element);
    case 'g':
    case 'svg':
    case 'title':
    case 'desc':
      return [];
    default:
      throw new Error(`<${element.name}> is not known here`);
  }
}

function textExtents({ element, inherited }: Drawn): readonly Place[] {
  const { x = '0', y = '0' } = element.attributes;
  const { 'text-anchor': anchor, 'font-size': fontSize } = inherited;
  const size = Number(fontSize);
  const width = Array.from(textOf(element)).length * LETTER * size;
  const left = lengthOf(x, size) - width * (anchor === 'end' ? 1 : anchor === 'middle' ? 0.5 : 0);
  return [
    [left, lengthOf(y, size) - 0.5 * size],
    [left + width, lengthOf(y, size) + 0.5 * size],
  ];
}

/** Where a path goes by its `M` and `L`, which is all that is drawn with. */
export function placesOf({ attributes: { d: path = '' } }: XmlElement): readonly Place[] {
  const steps = path.match(/[A-Za-z][^A-Za-z]*/g) ?? [];
  if (steps.join('') !== path || !/^(?:M|$)/.test(path)) throw new Error(`not a path: ${path}`);
  return steps.flatMap((step): readonly Place[] => {
    if (step === 'Z') return [];
    if (!/^[ML]/.test(step)) throw new Error(`not known here: ${step}`);
    const [x = Number.NaN, y = Number.NaN] = step.slice(1).split(',').map(Number);
    return [[x, y]];
  });
}

function lengthOf(text: string, fontSize: number): number {
  return text.endsWith('em') ? Number(text.slice(0, -2)) * fontSize : Number(text);
}
