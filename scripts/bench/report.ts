import { readFile } from 'node:fs/promises';
import { cpus, loadavg, totalmem } from 'node:os';
import { z } from 'zod';
import { plotSchema } from './plot.ts';
import { figure, table } from './text.ts';

const machine = z.strictObject({
  cpu: z.string(),
  cpus: z.number(),
  memoryGb: z.number(),
  node: z.string(),
  /** What ran before anything was started: the average of the last minute. */
  loadBefore: z.number(),
});

/** What a scenario was measured under. */
const conditions = z.strictObject({
  /** When the run began. */
  at: z.iso.datetime(),
  isQuick: z.boolean(),
  /** How often each measurement was made. */
  rounds: z.number(),
  machine,
  versions: z.strictObject({ mongodb: z.string(), mysql: z.string(), receiver: z.string() }),
});

/** What a figure should come to on a quiet machine. For people to judge: nothing fails by it. */
const targetSchema = z.strictObject({
  /** Names what is measured, with its unit; at most 53 columns. */
  what: z.string(),
  measured: z.number().nullable(),
  /** Such as `≤ 0.4 ×`. */
  target: z.string(),
});

/** All that is known of one scenario: what is shown can be made of it anew. */
const scenario = z.strictObject({
  title: z.string(),
  conditions,
  durationMs: z.number(),
  text: z.string(),
  targets: z.array(targetSchema).readonly(),
  plots: z.array(plotSchema).readonly(),
  data: z.looseObject({}),
});

/** What `--json` prints and `docs/performance/results.json` holds. */
const schema = z.strictObject({
  /** By their names. */
  scenarios: z.record(z.string(), scenario),
});

export type Conditions = Readonly<z.infer<typeof conditions>>;
export type Target = Readonly<z.infer<typeof targetSchema>>;
export type ScenarioReport = Readonly<z.infer<typeof scenario>>;
export type Report = Readonly<z.infer<typeof schema>>;

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

export function describeMachine(): Conditions['machine'] {
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cpus: cpus().length,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    loadBefore: loadavg()[0] ?? 0,
  };
}

/** A machine that has something else to do measures that. */
const BUSY = 0.3;

/** A warning, or nothing. */
export function warningsAbout({ loadBefore }: Conditions['machine']): readonly string[] {
  if (loadBefore <= BUSY) return [];
  const load = loadBefore.toFixed(1);
  return [`The machine was busy (load ${load}): the figures are only an indication.`];
}

export function conditionsToText({
  at,
  isQuick,
  rounds,
  machine: each,
  versions,
}: Conditions): string {
  const often = rounds === 1 ? 'each measured once' : `medians of ${rounds}`;
  return [
    `${each.cpus} × ${each.cpu}, ${each.memoryGb} GB, Node ${each.node}`,
    `MongoDB ${versions.mongodb}, ${versions.mysql}`,
    `Receiver: ${versions.receiver}`,
    `${at.slice(0, 10)}, ${isQuick ? 'quick, ' : ''}${often}`,
    ...warningsAbout(each),
  ].join('\n');
}

/** Its tables and its targets. */
export function findingsToText({
  text,
  targets,
}: Pick<ScenarioReport, 'text' | 'targets'>): string {
  return targets.length === 0 ? text : `${text}\n\n${targetsToText(targets)}`;
}

export function target(what: string, measured: number | null | undefined, wanted: string): Target {
  return { what, measured: measured ?? null, target: wanted };
}

export function targetsToText(targets: readonly Target[]): string {
  const rows = targets.map(({ what, measured, target: wanted }) => [
    what,
    figure(measured),
    wanted,
  ]);
  return table(['', 'measured', 'target'], rows, 54);
}
