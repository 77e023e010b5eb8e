import { toSvg } from './plots/toSvg.ts';
import { conditionsToText, findingsToText, type Report, type ScenarioReport } from './report.ts';

export interface Docs {
  /** Markdown. */
  readonly block: string;
  /** SVG, by the names of their files in `performance/`. */
  readonly images: ReadonlyMap<string, string>;
}

const BEGIN = '<!-- bench:begin -->';
const END = '<!-- bench:end -->';

/** What docs/performance.md shows of a report. */
export function docsOf({ scenarios }: Report): Docs {
  const sections = Object.entries(scenarios).map(([name, report]) => ({
    name,
    report,
    conditions: conditionsToText(report.conditions),
    images: imagesOf(name, report),
  }));
  const [shared, ...others] = new Set(sections.map(({ conditions }) => conditions));
  if (shared === undefined) return { block: 'Not measured yet.', images: new Map() };
  const isShared = others.length === 0;
  const blocks = sections.map((section) =>
    sectionToText(isShared ? { ...section, conditions: null } : section),
  );
  return {
    block: [...(isShared ? [codeBlock(shared)] : []), ...blocks].join('\n\n'),
    images: new Map(sections.flatMap(({ images }) => images.map(({ file, svg }) => [file, svg]))),
  };
}

interface Section {
  readonly name: string;
  readonly report: ScenarioReport;
  /** Null where they are said elsewhere. */
  readonly conditions: string | null;
  readonly images: readonly Image[];
}

function sectionToText({ name, report, conditions, images }: Section): string {
  return [
    `### ${name}: ${report.title}`,
    ...(conditions === null ? [] : [codeBlock(conditions)]),
    codeBlock(findingsToText(report)),
    ...images.map(({ file, title }) => `![${title}](performance/${file})`),
  ].join('\n\n');
}

interface Image {
  readonly file: string;
  readonly title: string;
  readonly svg: string;
}

function imagesOf(name: string, { plots }: ScenarioReport): readonly Image[] {
  return plots.map((plot) => {
    const title = `${name}: ${plot.title}`;
    return { file: `${name}-${plot.name}.svg`, title, svg: toSvg({ ...plot, title }) };
  });
}

function codeBlock(text: string): string {
  return `\`\`\`text\n${text}\n\`\`\``;
}

/** The page with this between its markers. */
export function withBlock(page: string, block: string): string {
  const [before, rest, ...more] = page.split(BEGIN);
  const [, after, ...others] = rest?.split(END) ?? [];
  if (before === undefined || after === undefined || more.length > 0 || others.length > 0) {
    throw new Error(`the page must have ${BEGIN} and then ${END}, once each`);
  }
  return `${before}${BEGIN}\n\n${block}\n\n${END}${after}`;
}
