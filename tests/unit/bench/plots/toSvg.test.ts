import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Plot } from '../../../../scripts/bench/plot.ts';
import { valueText } from '../../../../scripts/bench/plotWords.ts';
import { palette, toSvg } from '../../../../scripts/bench/toSvg.ts';
import { bars, lines } from './aPlot.ts';
import { arbitraryPlot } from './arbitraryPlot.ts';
import { drawnIn, extentsOf, placesOf } from './extents.ts';
import { elementsOf, parseXml, textOf, type XmlElement } from './xml.ts';

function draw(plot: Plot): XmlElement {
  return parseXml(toSvg(plot));
}

function named(name: string, plot: Plot): readonly XmlElement[] {
  return elementsOf(draw(plot)).filter((element) => element.name === name);
}

function textsOf(plot: Plot): readonly string[] {
  return named('text', plot).map(textOf);
}

type Coloured = Readonly<{ fill: string; width: number }>;

const colours: readonly string[] = [...palette.series, palette.plain];

/** In the order of the series, without the samples of the legend, which come first. */
function barsOf(plot: Plot): readonly Coloured[] {
  const drawn = named('rect', plot)
    .filter(({ attributes }) => colours.includes(attributes['fill'] ?? ''))
    .map(({ attributes: { fill = '', width } }) => ({ fill, width: Number(width) }));
  return plot.kind === 'bars' ? drawn.slice(-plot.series.length * plot.groups.length) : [];
}

function widthsOf(plot: Plot): readonly number[] {
  return barsOf(plot).map(({ width }) => width);
}

describe('any plot', () => {
  it('is well-formed XML with nothing outside its image', () => {
    fc.assert(
      fc.property(arbitraryPlot, (plot) => {
        const root = draw(plot);
        const [width, height] = [
          Number(root.attributes['width']),
          Number(root.attributes['height']),
        ];
        expect(root.attributes['viewBox']).toBe(`0 0 ${width} ${height}`);
        const outside = drawnIn(root).filter((drawn) =>
          extentsOf(drawn).some(([x, y]) => !(x >= 0 && x <= width && y >= 0 && y <= height)),
        );
        expect(outside).toEqual([]);
      }),
      { numRuns: 100 },
    );
  });

  it.each([bars(), lines()])('of $kind says what it shows to those who can not see it', (plot) => {
    const root = draw(plot);
    const [title, description] = elementsOf(root).slice(1);
    expect(root.attributes['aria-labelledby']).toBe(
      `${title?.attributes['id']} ${description?.attributes['id']}`,
    );
    expect([title?.name, description?.name]).toEqual(['title', 'desc']);
    expect(title && textOf(title)).toBe(plot.title);
    expect(description && textOf(description)).toContain('the worker: ');
  });

  it('shows its title, its note and its unit', () => {
    const plot = bars({ note: '* stopped at its time limit' });
    expect(textsOf(plot)).toEqual(expect.arrayContaining([plot.title, plot.note, plot.unit]));
  });

  it.each(['<b>"this" & that</b>', '__proto__', 'constructor'])(
    'shows the text %s as it is',
    (title) => {
      const plot = bars({ title });
      expect(textsOf(plot)).toContain(title);
    },
  );

  // A library that looked their widths up in plain objects linked what it found there into a list.
  it('leaves all objects as they are, whatever it shows', () => {
    const names = Object.getOwnPropertyNames(Object.prototype);
    const propertiesOf = (name: string): readonly string[] =>
      Object.getOwnPropertyNames(Reflect.get({}, name));
    const before = names.map(propertiesOf);
    for (const name of [...names, ...names]) {
      const labelled = { label: name, isEmphasised: false };
      toSvg(bars({ title: name, note: name, unit: name, groups: [{ ...labelled, values: [1] }] }));
      toSvg(bars({ series: names, groups: [{ ...labelled, values: names.map(() => 1) }] }));
      toSvg(lines({ lines: names.map((label) => ({ label, points: [[0, 1]] })) }));
    }
    const inherited: string[] = [];
    for (const name in {}) inherited.push(name);
    expect(inherited).toEqual([]);
    expect(names.map(propertiesOf)).toEqual(before);
  });
});

describe('bars', () => {
  it('are as long as their values, which stand beside them', () => {
    const [naive = 0, worker = 0] = widthsOf(bars());
    expect(worker / naive).toBeCloseTo(3912 / 640, 1);
    expect(textsOf(bars())).toEqual(
      expect.arrayContaining(['naive', '640', 'the worker', '3,912']),
    );
  });

  it('grow by the same length with each power of ten on a logarithmic scale', () => {
    const groups = [{ label: 'the worker', isEmphasised: true, values: [2, 20, 200] }];
    const plot = bars({ scale: 'logarithmic', series: ['p50', 'p99', 'p99.9'], groups });
    const [p50 = 0, p99 = 0, p999 = 0] = widthsOf(plot);
    expect(p50).toBeGreaterThan(0);
    expect(p999 - p99).toBeCloseTo(p99 - p50, 0);
    expect(textsOf(plot)).toContain('notifications/s, logarithmic');
  });

  it.each([
    [
      [640, 3912],
      ['0', '1,000', '2,000', '3,000', '4,000'],
    ],
    [[0.3], ['0', '0.1', '0.2', '0.3']],
    [
      [-5, 10],
      ['-5', '0', '5', '10'],
    ],
    [
      [0, Number.NaN, Number.POSITIVE_INFINITY],
      ['0', '1'],
    ],
  ])('of %j have round numbers from 0 to beyond the greatest', (values, ticks) => {
    const groups = [{ label: 'the worker', isEmphasised: true, values }];
    const plot = bars({ series: values.map(String), groups });
    expect(textsOf(plot)).toEqual(expect.arrayContaining(ticks));
  });

  it.each([
    [
      [0.4, 120],
      ['0.1', '1', '10', '100', '1,000'],
    ],
    [
      [10, 10],
      ['1', '10'],
    ],
    [[0, -1], ['0.1']],
  ])('of %j go from power of ten to power of ten on a logarithmic scale', (values, ticks) => {
    const groups = [{ label: 'the worker', isEmphasised: true, values }];
    const plot = bars({ scale: 'logarithmic', series: values.map(String), groups });
    expect(textsOf(plot)).toEqual(expect.arrayContaining(ticks));
  });

  it('have nothing to show of what has no logarithm, and something of the least', () => {
    const groups = [{ label: 'the worker', isEmphasised: true, values: [0, -1, 1, 100] }];
    const plot = bars({ scale: 'logarithmic', series: ['a', 'b', 'c', 'd'], groups });
    const [zero, negative, least] = widthsOf(plot);
    expect([zero, negative]).toEqual([0, 0]);
    expect(least).toBeGreaterThan(0);
  });

  it.each(['W'.repeat(300), '配送通知'.repeat(20), '🙂'.repeat(60)])(
    'have as much of the label %s as there is room for',
    (label) => {
      const plot = bars({ groups: [{ label, isEmphasised: true, values: [1] }] });
      const [shown = ''] = textsOf(plot).filter((text) => /^.+…$/u.test(text));
      expect(shown).not.toBe('');
      expect(label.startsWith(shown.slice(0, -1))).toBe(true);
    },
  );

  it('show that there is no value', () => {
    const plot = bars({
      groups: [{ label: 'only got.post', isEmphasised: false, values: [null] }],
    });
    expect(widthsOf(plot)).toEqual([0]);
    expect(textsOf(plot)).toContain('–');
  });

  it('of one kind stand out when they are what it is about', () => {
    expect(new Set(barsOf(bars()).map(({ fill }) => fill)).size).toBe(2);
    const weights = drawnIn(draw(bars()))
      .filter(({ element }) => element.name === 'text')
      .map(({ inherited }) => inherited['font-weight']);
    expect(weights.filter((weight) => weight === '600')).toHaveLength(2);
  });

  it('of several kinds have a legend', () => {
    const groups = [{ label: 'the worker', isEmphasised: true, values: [400, 200] }];
    const plot = bars({ series: ['the process', 'mongod'], groups });
    expect(textsOf(plot)).toEqual(expect.arrayContaining(['the process', 'mongod']));
    expect(textsOf(bars())).not.toContain('rate');
  });
});

describe('lines', () => {
  /** What is drawn in the first colour. */
  function drawnOf(plot: Plot): readonly XmlElement[] {
    return elementsOf(draw(plot)).filter(
      ({ name, attributes }) =>
        name !== 'rect' && [attributes['stroke'], attributes['fill']].includes(palette.series[0]),
    );
  }

  it('go from point to point, upwards for more', () => {
    const [line] = drawnOf(lines());
    const [[x1, y1] = [0, 0], [x2, y2] = [0, 0], [x3, y3] = [0, 0]] = line ? placesOf(line) : [];
    expect(x2 - x1).toBeCloseTo(x3 - x2, 0);
    expect((y1 - y2) / (y3 - y2)).toBeCloseTo(80 / 20, 0);
    expect(y2).toBeLessThan(y3);
  });

  it('stop where there is no value and go on after it', () => {
    const points = [
      [0, 1],
      [1, null],
      [2, 3],
    ] as const;
    const drawn = drawnOf(lines({ lines: [{ label: 'the worker', points }] }));
    expect(drawn.filter(({ attributes }) => attributes['d']?.includes('L'))).toEqual([]);
    expect(drawn.filter(({ name }) => name === 'circle')).toHaveLength(2);
  });

  it('have a legend when there are several', () => {
    const [line] = lines().lines;
    if (line === undefined) throw new Error('there is a line');
    expect(textsOf(lines())).not.toContain('the worker');
    const several = lines({ lines: [line, { ...line, label: 'naive' }] });
    expect(textsOf(several)).toEqual(expect.arrayContaining(['the worker', 'naive']));
  });

  it('have a legend of as many rows as it takes', () => {
    const labels = ['one', 'two', 'three'].map((each) => each.padEnd(60, '.'));
    const plot = lines({ lines: labels.map((label) => ({ label, points: [] })) });
    const rows = drawnIn(draw(plot))
      .filter(({ element }) => element.name === 'text' && labels.includes(textOf(element)))
      .map((drawn) => extentsOf(drawn)[0]?.[1]);
    expect(new Set(rows).size).toBe(labels.length);
  });

  it('say what both axes are', () => {
    expect(textsOf(lines())).toEqual(
      expect.arrayContaining(['RSS, MB', 'time since the start, s']),
    );
  });
});

it.each([
  [null, '–'],
  [Number.NaN, '–'],
  [Number.POSITIVE_INFINITY, '–'],
  [0, '0.00'],
  [0.0004, '4.00e-4'],
  [12.34, '12.3'],
  [3912, '3,912'],
  [2.5e9, '2.50e+9'],
])('the value %p is shown as %s', (value, expected) => {
  expect(valueText(value)).toBe(expected);
});
