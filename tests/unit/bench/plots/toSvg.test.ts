import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Plot } from '../../../../scripts/bench/plots/plot.ts';
import { toSvg } from '../../../../scripts/bench/plots/toSvg.ts';
import { bars, lines } from './aPlot.ts';
import { arbitraryPlot } from './arbitraryPlot.ts';
import { extentsOf } from './extents.ts';
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

function widthsOf(plot: Plot): readonly number[] {
  return named('rect', plot).map(({ attributes }) => Number(attributes['width']));
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
        const fontSize = Number(root.attributes['font-size']);
        const outside = elementsOf(root).filter((element) =>
          extentsOf(element, fontSize).some(
            ([x, y]) => !(x >= 0 && x <= width && y >= 0 && y <= height),
          ),
        );
        expect(outside).toEqual([]);
      }),
      { numRuns: 200 },
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

  it('shows text as it is', () => {
    const title = '<b>"this" & that</b>';
    expect(textsOf(bars({ title }))).toContain(title);
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
    const [, , , p50 = 0, p99 = 0, p999 = 0] = widthsOf(plot);
    expect(p50).toBeGreaterThan(0);
    expect(p999 - p99).toBeCloseTo(p99 - p50, 1);
    expect(textsOf(plot)).toContain('notifications/s, logarithmic');
  });

  it('show that there is no value', () => {
    const plot = bars({
      groups: [{ label: 'only got.post', isEmphasised: false, values: [null] }],
    });
    expect(widthsOf(plot)).toEqual([0]);
    expect(textsOf(plot)).toContain('–');
  });

  it('of one kind stand out when they are what it is about', () => {
    const colours = named('rect', bars()).map(({ attributes }) => attributes['fill']);
    expect(new Set(colours).size).toBe(2);
    const weights = named('text', bars()).map(({ attributes }) => attributes['font-weight']);
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
  function pathOf(plot: Plot): string | undefined {
    return named('path', plot)[0]?.attributes['d'];
  }

  it('go from point to point, upwards for more', () => {
    const places = /^M(\S+) (\S+)h0L(\S+) (\S+)L(\S+) (\S+)$/.exec(pathOf(lines()) ?? '');
    const [x1 = 0, y1 = 0, x2 = 0, y2 = 0, x3 = 0, y3 = 0] = (places ?? []).slice(1).map(Number);
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
    const path = pathOf(lines({ lines: [{ label: 'the worker', points }] }));
    expect(path).toMatch(/^M\S+ \S+h0M\S+ \S+h0$/);
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
    const rows = named('text', plot)
      .filter((text) => labels.includes(textOf(text)))
      .map(({ attributes }) => attributes['y']);
    expect(new Set(rows).size).toBe(labels.length);
  });

  it('say what both axes are', () => {
    expect(textsOf(lines())).toEqual(
      expect.arrayContaining(['RSS, MB', 'time since the start, s']),
    );
  });
});
