import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { packageRoot } from '../../../config/packageRoot.ts';
import { reportToText } from '../../../scripts/bench/report.ts';
import { aReport } from '../../unit/bench/aReport.ts';

const report = {
  scenarios: { throughput: aReport(), everyday: aReport({ text: 'everyday text' }) },
};

let folder: string;
let file: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bench-'));
  file = join(folder, 'report.json');
  await writeFile(file, reportToText(report));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

async function bench(...args: readonly string[]): Promise<string> {
  return await benchIn({}, ...args);
}

async function benchIn(
  changed: Readonly<Record<string, string>>,
  ...args: readonly string[]
): Promise<string> {
  const { NODE_OPTIONS: _, ...env } = process.env;
  const program = ['scripts/bench.ts', ...args];
  const { stdout } = await promisify(execFile)(process.execPath, program, {
    cwd: packageRoot(),
    env: { ...env, ...changed },
  });
  return stdout;
}

describe('npm run bench -- --from', () => {
  it('shows what is stored, and only once what all was measured under', async () => {
    const text = await bench('--from', file);
    expect(text).toMatch(/Abacus 9.*throughput: .*3,912.*everyday: .*everyday text/s);
    expect(text.split('Abacus 9')).toHaveLength(2);
  });

  it('gives the scenarios that are named, for machines', async () => {
    const text = await bench('--from', file, '--json', '--scenario', 'everyday');
    expect(JSON.parse(text)).toEqual({ scenarios: { everyday: report.scenarios.everyday } });
  });

  it('fails when it has none of them', async () => {
    const failing = bench('--from', file, '--scenario', 'growth');
    await expect(failing).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringContaining('has none of these scenarios'),
    });
  });
});

describe('npm run bench -- --scenario scaleout', () => {
  it('says what is missing where there is no Java, and starts nothing', async () => {
    const failing = benchIn({ PATH: '' }, '--scenario', 'scaleout');
    await expect(failing).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringMatching(
        /^scaleout is left out\. Kafka needs Java 17 or newer: .*\nNothing is left to measure\.$/m,
      ),
    });
  });
});
