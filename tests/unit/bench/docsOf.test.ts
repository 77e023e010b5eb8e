import { describe, expect, it } from '@jest/globals';
import { format } from 'prettier';
import { docsOf, withBlock } from '../../../scripts/bench/docsOf.ts';
import { aReport } from './aReport.ts';

const scenarios = { throughput: aReport(), paced: aReport({ title: '200 statuses a second' }) };

function occurrences(text: string, part: string): number {
  return text.split(part).length - 1;
}

describe('docsOf', () => {
  it('has a section for each scenario, with its tables, targets and images', () => {
    const { block, images } = docsOf({ scenarios });
    expect([...images.keys()]).toEqual(['throughput-rate.svg', 'paced-rate.svg']);
    expect(images.get('paced-rate.svg')).toContain('<title id="title">paced: Notifications');
    for (const part of [
      '### paced: 200 statuses a second',
      '3,912',
      '≥ 2.5 ×',
      '![paced: Notifications a second](performance/paced-rate.svg)',
    ]) {
      expect(block).toContain(part);
    }
  });

  it('says once what all were measured under', () => {
    const { block } = docsOf({ scenarios });
    expect(occurrences(block, 'Abacus 9')).toBe(1);
    expect(block.indexOf('Abacus 9')).toBeLessThan(block.indexOf('###'));
  });

  it('says for each what it was measured under where that differs', () => {
    const paced = aReport({}, { at: '2031-05-18T00:00:00.000Z' });
    const { block } = docsOf({ scenarios: { ...scenarios, paced } });
    expect(occurrences(block, 'Abacus 9')).toBe(2);
    expect(block.indexOf('2031-05-18')).toBeGreaterThan(block.indexOf('### paced'));
  });

  it('says that nothing has been measured', () => {
    const { block, images } = docsOf({ scenarios: {} });
    expect(block).toBe('Not measured yet.');
    expect(images.size).toBe(0);
  });
});

describe('withBlock', () => {
  const page = '# Performance\n\n<!-- bench:begin -->\n\nOld.\n\n<!-- bench:end -->\n\nMore.\n';

  it('leaves what is around the markers', () => {
    expect(withBlock(page, 'New.')).toBe(page.replace('Old.', 'New.'));
  });

  it('leaves a page that is formatted as all others are', async () => {
    const filled = withBlock(page, docsOf({ scenarios }).block);
    expect(await format(filled, { parser: 'markdown', printWidth: 100 })).toBe(filled);
  });

  it.each([
    'nothing',
    '<!-- bench:begin -->',
    '<!-- bench:end --><!-- bench:begin -->',
    `${page}${page}`,
  ])('refuses the page %j', (other) => {
    expect(() => withBlock(other, 'New.')).toThrow('must have');
  });
});
