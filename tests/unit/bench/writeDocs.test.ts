import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { storedReport, writeDocs } from '../../../scripts/bench/writeDocs.ts';
import { aReport } from './aReport.ts';
import { bars } from './plots/aPlot.ts';

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
  await writeDocs({ scenarios: { paced: aReport(), throughput: aReport({ text: 'old' }) } }, docs);
  await writeDocs({ scenarios: { throughput: aReport({ text: 'new' }) } }, docs);
  expect(await page()).toMatch(/### throughput.*new.*### paced/s);
  expect(await page()).not.toContain('old');
  expect(await files()).toEqual(['paced-rate.svg', 'results.json', 'throughput-rate.svg']);
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
  await writeDocs({ scenarios: { throughput: aReport(), paced: aReport() } }, docs);
  const texts = async (): Promise<readonly string[]> =>
    await Promise.all(
      (await files()).map(async (file) => await readFile(join(docs, 'performance', file), 'utf8')),
    );
  const before = [await page(), await texts()];
  const { throughput } = (await storedReport(docs)).scenarios;
  await writeDocs({ scenarios: throughput === undefined ? {} : { throughput } }, docs);
  expect([await page(), await texts()]).toEqual(before);
});

it('writes nothing that could not be read again', async () => {
  await writeDocs({ scenarios: { throughput: aReport() } }, docs);
  const plots = [bars({ name: 'no file/name' })];
  const writing = writeDocs({ scenarios: { paced: aReport({ plots }) } }, docs);
  await expect(writing).rejects.toThrow('plots[0].name');
  expect(Object.keys((await storedReport(docs)).scenarios)).toEqual(['throughput']);
});

it('overwrites nothing that it can not read', async () => {
  await writeDocs({ scenarios: { throughput: aReport() } }, docs);
  const results = join(docs, 'performance/results.json');
  await writeFile(results, '{');
  await expect(writeDocs({ scenarios: { paced: aReport() } }, docs)).rejects.toThrow('no report');
  expect(await readFile(results, 'utf8')).toBe('{');
});
