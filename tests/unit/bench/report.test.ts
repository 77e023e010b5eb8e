import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  conditionsToText,
  findingsToText,
  readReport,
  reportToText,
  targetsToText,
} from '../../../scripts/bench/report.ts';
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

describe('conditionsToText', () => {
  it('names the machine, the versions, the day and how often', () => {
    expect(conditionsToText(aReport().conditions).split('\n')).toEqual([
      '8 × Abacus 9, 32 GB, Node v20.19.0',
      'MongoDB 6.0.5, MariaDB 10.11.6',
      "Receiver: Go's net/http, go1.24",
      '2031-05-17, medians of 3',
    ]);
  });

  it('tells of a quick run and of a busy machine', () => {
    const { conditions } = aReport({}, { isQuick: true, rounds: 1 });
    const machine = { ...conditions.machine, loadBefore: 1.5 };
    expect(
      conditionsToText({ ...conditions, machine })
        .split('\n')
        .slice(3),
    ).toEqual(['2031-05-17, quick, each measured once', expect.stringContaining('busy')]);
  });
});

describe('findingsToText', () => {
  it('has the targets below the tables', () => {
    expect(findingsToText(aReport())).toMatch(/^the worker +3,912\n\n.*target\nrate .*≥ 2\.5 ×$/s);
  });

  it('is the tables where there are no targets', () => {
    expect(findingsToText(aReport({ targets: [] }))).toBe('the worker   3,912');
  });
});

it('says what was measured and what it should be, in 80 columns', () => {
  const what = 'CPU of the worker per notification / naive, 64 at once';
  const shown = targetsToText([
    { what, measured: 0.384, target: '≤ 0.4 ×' },
    { what: 'rate / only got.stream.post', measured: null, target: '≥ 0.45 ×' },
  ]).split('\n');
  expect(shown[1]).toMatch(/^CPU of the worker .* at once +0\.38 +≤ 0\.4 ×$/);
  expect(shown[2]).toMatch(/^rate .* +– +≥ 0\.45 ×$/);
  expect(shown.map((line) => line.length)).toEqual([80, 80, 80]);
});
