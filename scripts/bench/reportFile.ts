import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import type { Report } from './report.ts';

const described = {
  // Becomes part of a file's name.
  name: z.string().regex(/^[a-z0-9-]+$/),
  title: z.string(),
  note: z.string().nullable(),
  unit: z.string(),
};

const bars = z.strictObject({
  kind: z.literal('bars'),
  ...described,
  scale: z.enum(['linear', 'logarithmic']),
  series: z.array(z.string()),
  groups: z.array(
    z.strictObject({
      label: z.string(),
      isEmphasised: z.boolean(),
      values: z.array(z.number().nullable()),
    }),
  ),
});

const lines = z.strictObject({
  kind: z.literal('lines'),
  ...described,
  over: z.string(),
  lines: z.array(
    z.strictObject({
      label: z.string(),
      points: z.array(z.tuple([z.number(), z.number().nullable()])),
    }),
  ),
});

const conditions = z.strictObject({
  at: z.iso.datetime(),
  isQuick: z.boolean(),
  rounds: z.number(),
  machine: z.strictObject({
    cpu: z.string(),
    cpus: z.number(),
    memoryGb: z.number(),
    node: z.string(),
    loadBefore: z.number(),
  }),
  versions: z.strictObject({ mongodb: z.string(), mysql: z.string(), receiver: z.string() }),
});

const scenario = z.strictObject({
  title: z.string(),
  conditions,
  durationMs: z.number(),
  text: z.string(),
  targets: z.array(
    z.strictObject({ what: z.string(), measured: z.number().nullable(), target: z.string() }),
  ),
  plots: z.array(z.discriminatedUnion('kind', [bars, lines])),
  data: z.looseObject({}),
});

const schema: z.ZodType<Report> = z.strictObject({ scenarios: z.record(z.string(), scenario) });

/** Rejects with a sentence when there is no such file, or something else in it. */
export async function readReport(file: string): Promise<Report> {
  return parseReport(await readFile(file, 'utf8'), file);
}

/** Throws when it is something else. */
export function parseReport(text: string, source: string): Report {
  const parsed = schema.safeParse(parseJson(text));
  if (parsed.success) return parsed.data;
  throw new Error(`${source} holds no report of the benchmarks: ${z.prettifyError(parsed.error)}`);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

const numberList = /\[[\d\s.,eE+-]*(?:null[\d\s.,eE+-]*)*\]/g;

/** With lists of nothing but numbers on one line, as a series has hundreds; line ends are in no JSON string. */
export function reportToText(report: Report): string {
  const text = JSON.stringify(report, null, 2);
  return `${text.replace(numberList, (list) => list.replace(/\n\s*/g, ' '))}\n`;
}
