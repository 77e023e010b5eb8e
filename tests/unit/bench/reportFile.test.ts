import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readReport, reportToText } from '../../../scripts/bench/reportFile.ts';
import { aReport } from './aReport.ts';
import { bars, lines } from './plots/aPlot.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'report-'));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

async function written(text: string): Promise<string> {
  const file = join(folder, 'report.json');
  await writeFile(file, text);
  return file;
}

describe('reportToText', () => {
  it('is read as what was written', async () => {
    const text = 'a list in a text: [1,  2]';
    const report = { scenarios: { throughput: aReport({ text, plots: [bars(), lines()] }) } };
    expect(await readReport(await written(reportToText(report)))).toEqual(report);
  });

  it('turns what is no number into none', async () => {
    const groups = [{ label: 'x', isEmphasised: true, values: [Number.NaN, 1 / 0] }];
    const report = { scenarios: { throughput: aReport({ plots: [bars({ groups })] }) } };
    const { scenarios } = await readReport(await written(reportToText(report)));
    expect(scenarios['throughput']?.plots).toMatchObject([{ groups: [{ values: [null, null] }] }]);
  });

  it('has lists of numbers on one line', () => {
    const report = { scenarios: { throughput: aReport({ plots: [lines()] }) } };
    expect(reportToText(report)).toMatch(/^ +\[ 0, 60 \],$/m);
  });
});

describe('readReport', () => {
  const named = (name: string): string =>
    reportToText({ scenarios: { throughput: aReport({ plots: [bars({ name })] }) } });

  it.each([
    ['', 'holds no report'],
    ['[]', 'holds no report'],
    ['{"scenarios": {"throughput": {"text": 1}}}', 'scenarios.throughput.text'],
    [named('../../README'), 'scenarios.throughput.plots[0].name'],
  ])('refuses %j', async (text, message) => {
    await expect(readReport(await written(text))).rejects.toThrow(message);
  });

  it('rejects when there is no such file', async () => {
    await expect(readReport(join(folder, 'none.json'))).rejects.toThrow('no such file');
  });
});
