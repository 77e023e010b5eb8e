import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { format } from 'prettier';
import { docsOf, storedReport, withBlock, writeDocs } from '../../../scripts/bench/docs.ts';
import { aReport } from './aReport.ts';
import { bars } from './plots/aPlot.ts';

const scenarios = { throughput: aReport(), everyday: aReport({ title: '200 statuses a second' }) };

function occurrences(text: string, part: string): number {
  return text.split(part).length - 1;
}

describe('docsOf', () => {
  it('has a section for each scenario, with its tables, targets and images', () => {
    const { block, images } = docsOf({ scenarios });
    expect([...images.keys()]).toEqual(['throughput-rate.svg', 'everyday-rate.svg']);
    expect(images.get('everyday-rate.svg')).toContain('<title id="title">everyday: Notifications');
    for (const part of [
      '### everyday: 200 statuses a second',
      '3,912',
      '≥ 2.5 ×',
      '![everyday: Notifications a second](performance/everyday-rate.svg)',
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
    const everyday = aReport({}, { at: '2031-05-18T00:00:00.000Z' });
    const { block } = docsOf({ scenarios: { ...scenarios, everyday } });
    expect(occurrences(block, 'Abacus 9')).toBe(2);
    expect(block.indexOf('2031-05-18')).toBeGreaterThan(block.indexOf('### everyday'));
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

describe('writeDocs', () => {
  let docs: string;
  beforeEach(async () => {
    docs = await mkdtemp(join(tmpdir(), 'docs-'));
    await writeFile(join(docs, 'performance.md'), '<!-- bench:begin --><!-- bench:end -->\n');
  });
  afterEach(async () => {
    await rm(docs, { recursive: true });
  });

  async function page(): Promise<string> {
    return await readFile(join(docs, 'performance.md'), 'utf8');
  }

  async function files(): Promise<readonly string[]> {
    return (await readdir(join(docs, 'performance'))).sort();
  }

  it('writes the page, the plots and the results', async () => {
    const report = { scenarios: { throughput: aReport() } };
    await writeDocs(report, docs);
    expect(await page()).toContain('### throughput');
    expect(await files()).toEqual(['results.json', 'throughput-rate.svg']);
    expect(await storedReport(docs)).toEqual(report);
  });

  it('keeps the results of scenarios that were not measured', async () => {
    await writeDocs(
      { scenarios: { everyday: aReport(), throughput: aReport({ text: 'old' }) } },
      docs,
    );
    await writeDocs({ scenarios: { throughput: aReport({ text: 'new' }) } }, docs);
    expect(await page()).toMatch(/### throughput.*new.*### everyday/s);
    expect(await page()).not.toContain('old');
    expect(await files()).toEqual(['everyday-rate.svg', 'results.json', 'throughput-rate.svg']);
  });

  it('removes plots that are no more', async () => {
    await writeDocs({ scenarios: { throughput: aReport() } }, docs);
    const plots = [bars({ name: 'other' })];
    await writeDocs({ scenarios: { throughput: aReport({ plots }) } }, docs);
    expect(await files()).toEqual(['results.json', 'throughput-other.svg']);
  });

  it('drops a scenario that is no more', async () => {
    await writeDocs({ scenarios: { warp: aReport(), throughput: aReport() } }, docs);
    expect(Object.keys((await storedReport(docs)).scenarios)).toEqual(['throughput']);
  });

  it('changes nothing when it writes what is stored', async () => {
    await writeDocs({ scenarios: { throughput: aReport(), everyday: aReport() } }, docs);
    const texts = async (): Promise<readonly string[]> =>
      await Promise.all(
        (await files()).map(
          async (file) => await readFile(join(docs, 'performance', file), 'utf8'),
        ),
      );
    const before = [await page(), await texts()];
    const { throughput } = (await storedReport(docs)).scenarios;
    await writeDocs({ scenarios: throughput === undefined ? {} : { throughput } }, docs);
    expect([await page(), await texts()]).toEqual(before);
  });

  it('writes nothing that could not be read again', async () => {
    await writeDocs({ scenarios: { throughput: aReport() } }, docs);
    const plots = [bars({ name: 'no file/name' })];
    const writing = writeDocs({ scenarios: { everyday: aReport({ plots }) } }, docs);
    await expect(writing).rejects.toThrow('plots[0].name');
    expect(Object.keys((await storedReport(docs)).scenarios)).toEqual(['throughput']);
  });

  it('overwrites nothing that it can not read', async () => {
    await writeDocs({ scenarios: { throughput: aReport() } }, docs);
    const results = join(docs, 'performance/results.json');
    await writeFile(results, '{');
    await expect(writeDocs({ scenarios: { everyday: aReport() } }, docs)).rejects.toThrow(
      'no report',
    );
    expect(await readFile(results, 'utf8')).toBe('{');
  });
});
