import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { docsOf, withBlock } from './docsOf.ts';
import type { Report } from './report.ts';
import { parseReport, readReport, reportToText } from './reportFile.ts';
import { scenarios } from './scenarios.ts';

/**
 * Puts the report in the place of what the folder's `performance.md`, and `performance/` beside it, had of
 * the same scenarios, and leaves the others.
 */
export async function writeDocs(report: Report, folder: string): Promise<void> {
  const files = join(folder, 'performance');
  await mkdir(files, { recursive: true });
  const results = resultsIn(folder);
  // What can't be read again must not take the place of what can.
  const all = parseReport(reportToText(merged(await storedReport(folder), report)), 'this run');
  await writeFile(results, reportToText(all));
  const { block, images } = docsOf(all);
  const page = join(folder, 'performance.md');
  await writeFile(page, withBlock(await readFile(page, 'utf8'), block));
  for (const file of await readdir(files)) {
    if (file.endsWith('.svg') && !images.has(file)) await rm(join(files, file));
  }
  for (const [file, svg] of images) await writeFile(join(files, file), svg);
}

/** What the docs in this folder are made of; nothing before the first time. */
export async function storedReport(folder: string): Promise<Report> {
  try {
    return await readReport(resultsIn(folder));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return { scenarios: {} };
  }
}

function resultsIn(folder: string): string {
  return join(folder, 'performance', 'results.json');
}

/** In the order of the list; what is no longer on it goes. */
function merged(older: Report, newer: Report): Report {
  const all = { ...older.scenarios, ...newer.scenarios };
  const kept = scenarios.flatMap(({ name }) => {
    const report = all[name];
    return report === undefined ? [] : [[name, report] as const];
  });
  return { scenarios: Object.fromEntries(kept) };
}
