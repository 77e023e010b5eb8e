import { describe, expect, it } from '@jest/globals';
import { drawTimePlot, type TimePlot } from '../../../../src/console/plots/drawTimePlot.ts';
import { elementsOf, parseXml, textOf, type XmlElement } from '../../bench/plots/xml.ts';

const HOUR = 3_600_000;

function aPlot(fields: Partial<TimePlot> = {}): TimePlot {
  return {
    title: 'Notifications that ended',
    kind: 'bars',
    wallTimes: Array.from({ length: 24 }, (_, hour) => new Date(Date.UTC(2026, 0, 31, hour + 6))),
    stepMs: HOUR,
    series: [
      { name: 'delivered', className: 'plot-delivered', values: [4, 8, null, 0] },
      { name: 'failed', className: 'plot-failed', values: [2, 0] },
    ],
    show: String,
    ...fields,
  };
}

function draw(plot: TimePlot): readonly XmlElement[] {
  return elementsOf(parseXml(drawTimePlot(plot)));
}

const within = (className: string, plot: TimePlot): readonly XmlElement[] =>
  draw(plot)
    .filter(({ attributes }) => attributes['class']?.split(' ').includes(className))
    .flatMap(({ children }) => children.filter((child) => typeof child !== 'string'));

const textsIn = (plot: TimePlot): readonly string[] =>
  draw(plot)
    .filter(({ name }) => name === 'text')
    .map(textOf);

describe.each(['bars', 'lines'] as const)('a plot of %s', (kind) => {
  it('has no styles and no colours of its own, which a page could not allow or change', () => {
    for (const { name, attributes } of draw(aPlot({ kind }))) {
      expect(name).not.toBe('style');
      expect(attributes['style']).toBeUndefined();
      const colours = [attributes['fill'], attributes['stroke']];
      expect(colours.every((each) => /^(?:none|currentColor|undefined)$/.test(`${each}`))).toBe(
        true,
      );
    }
  });

  it('is one image with a name', () => {
    const [svg, title, ...parts] = draw(aPlot({ kind, title: '<b>"A" & B</b>' }));
    expect(svg?.attributes).toMatchObject({ role: 'img', 'aria-label': '<b>"A" & B</b>' });
    expect([title?.name, title && textOf(title)]).toEqual(['title', '<b>"A" & B</b>']);
    expect(parts.flatMap(({ attributes }) => Object.keys(attributes))).not.toContain('aria-label');
  });

  it('is drawn also of nothing, and of next to nothing', () => {
    for (const values of [[], [null], [1], [0.5, null, 1e9]]) {
      const series = [{ name: 'one', className: 'plot-delivered', values }];
      const wallTimes = values.map((_, index) => new Date(index * HOUR));
      expect(() => draw(aPlot({ kind, series, wallTimes }))).not.toThrow();
    }
  });

  it('names whole hours, and the day at midnight', () => {
    const texts = textsIn(aPlot({ kind }));
    expect(texts).toEqual(expect.arrayContaining(['06:00', '18:00', '02-01']));
    expect(texts).not.toContain('00:00');
  });

  it('has a scale of whole numbers as people read them', () => {
    const texts = textsIn(aPlot({ kind, show: (value) => `${value} pieces` }));
    expect(texts.filter((text) => text.endsWith(' pieces')).length).toBeGreaterThan(2);
    expect(texts.filter((text) => /\d\.\d/.test(text))).toEqual([]);
  });
});

describe('bars', () => {
  it('stand on each other, as high as their values', () => {
    const [first, second, ...others] = within('plot-delivered', aPlot());
    const [failed] = within('plot-failed', aPlot());
    const number = (element: XmlElement | undefined, name: string): number =>
      Number(element?.attributes[name]);
    expect(others).toEqual([]);
    expect(number(second, 'height')).toBeCloseTo(2 * number(first, 'height'), 1);
    expect(number(failed, 'height')).toBeCloseTo(number(first, 'height') / 2, 1);
    expect(number(failed, 'y') + number(failed, 'height')).toBeCloseTo(number(first, 'y'), 1);
    expect(number(failed, 'x')).toBeCloseTo(number(first, 'x'), 1);
  });
});

describe('lines', () => {
  it('stop where there is no value, and show a lonely one as a dot', () => {
    const series = [{ name: 'p50', className: 'plot-p50', values: [10, 20, null, 30, null, null] }];
    const drawn = within('plot-p50', aPlot({ kind: 'lines', series }));
    const [line] = drawn.filter(({ name }) => name === 'path');
    expect(line?.attributes['d']?.match(/[ML]/g)?.join('')).toBe('MLM');
    expect(drawn.filter(({ name }) => name === 'circle')).toHaveLength(1);
  });
});
