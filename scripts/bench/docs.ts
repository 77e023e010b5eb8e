import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  conditionsToText,
  findingsToText,
  parseReport,
  readReport,
  reportToText,
  type Report,
} from './report.ts';
import { scenarios } from './scenarios.ts';
import { toSvg } from './toSvg.ts';

/**
 * Puts the report in the place of what the folder's `performance.md`, and `performance/` beside it, had of
 * the same scenarios, and leaves the others.
 */
export async function writeDocs(report: Report, folder: string): Promise<void> {
  const files = join(folder, 'performance');
  await mkdir(files, { recursive: true });
  // What can't be read again must not take the place of what can.
  const all = parseReport(reportToText(merged(await storedReport(folder), report)), 'this run');
  await writeFile(resultsIn(folder), reportToText(all));
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

interface Docs {
  /** Markdown. */
  readonly block: string;
  /** SVG, by the names of their files in `performance/`. */
  readonly images: ReadonlyMap<string, string>;
}

/** What docs/performance.md shows of a report: what all was measured under once, where that is the same. */
export function docsOf({ scenarios: reports }: Report): Docs {
  const all = Object.entries(reports);
  const [shared, ...others] = new Set(all.map(([, each]) => conditionsToText(each.conditions)));
  if (shared === undefined) return { block: 'Not measured yet.', images: new Map() };
  const isShared = others.length === 0;
  const images = new Map<string, string>();
  const blocks = all.flatMap(([name, report]) => {
    const lines = report.plots.map((plot) => {
      const [title, file] = [`${name}: ${plot.title}`, `${name}-${plot.name}.svg`];
      images.set(file, toSvg({ ...plot, title }));
      return `![${title}](performance/${file})`;
    });
    return [
      `### ${name}: ${report.title}`,
      ...(isShared ? [] : [codeBlock(conditionsToText(report.conditions))]),
      codeBlock(findingsToText(report)),
      ...lines,
    ];
  });
  return { block: [...(isShared ? [codeBlock(shared)] : []), ...blocks].join('\n\n'), images };
}

function codeBlock(text: string): string {
  return `\`\`\`text\n${text}\n\`\`\``;
}

const BEGIN = '<!-- bench:begin -->';
const END = '<!-- bench:end -->';

/** The page with this between its markers. */
export function withBlock(page: string, block: string): string {
  const [before, rest, ...more] = page.split(BEGIN);
  const [, after, ...others] = rest?.split(END) ?? [];
  if (before === undefined || after === undefined || more.length > 0 || others.length > 0) {
    throw new Error(`the page must have ${BEGIN} and then ${END}, once each`);
  }
  return `${before}${BEGIN}\n\n${block}\n\n${END}${after}`;
}
