import { inspect } from 'node:util';
import { toError } from '../../src/runtime/errors.ts';
import { createTeardown } from '../../src/runtime/teardown.ts';
import { Interrupted } from '../harness/script.ts';
import type { Exit } from '../harness/processLog.ts';
import type { WorkerProcess } from '../harness/workerProcess.ts';
import { keepRunning } from './keepRunning.ts';
import { count, createNarrator, seconds, wrap, type Narrator } from './narrator.ts';
import { createPlatform } from './platform.ts';
import {
  createChecks,
  isPassed,
  type BurstFigures,
  type Report,
  type SceneReport,
} from './report.ts';
import { createWaiting, type Scene } from './scene.ts';
import { burst } from './scenes/burst.ts';
import { failingWebhook } from './scenes/failingWebhook.ts';
import { groupScenes, groupStop } from './scenes/group.ts';
import { cleanStop, flowWithoutWebhook, noDefaultWebhook, notOptedIn } from './scenes/short.ts';
import { theSample } from './scenes/theSample.ts';
import { wholeDocuments } from './scenes/wholeDocuments.ts';
import { setStage, type Stage } from './stage.ts';
import { keepLog, type WorkerLog } from './workerLog.ts';

export interface DemoOptions {
  /** One JSON value on stdout instead of the story. */
  readonly json: boolean;
  /** Workers that share a Kafka topic, in scenes of their own. */
  readonly kafka: boolean;
  /** Leaves everything running afterwards, until Ctrl-C. */
  readonly keep: boolean;
}

const scenes = [
  theSample,
  failingWebhook,
  notOptedIn,
  flowWithoutWebhook,
  noDefaultWebhook,
  wholeDocuments,
  burst,
];

/** Servers may have to be downloaded first. */
const START_LIMIT_MS = 15 * 60_000;
const SCENES_LIMIT_MS = 4 * 60_000;

const { env, stdout, stderr } = process;

/** Plays the whole demo, stops everything again, and says what went wrong; the exit code. */
export async function runDemo(
  { json, kafka, keep }: DemoOptions,
  interrupted: AbortSignal,
): Promise<number> {
  const narrator = createStory(json);
  narrator.title(
    `notify-on-delivery: ${kafka ? 'workers that share a Kafka topic' : 'from a delivery status to a webhook call'}`,
  );
  const began = performance.now();
  const report: Report = { ok: false, scenes: [], durationMs: 0 };
  const teardown = createTeardown();
  const failed = new AbortController();
  const signal = AbortSignal.any([interrupted, failed.signal]);
  const fail = (message: string): void => failed.abort(new Error(message));
  let limit = setTimeout(fail, START_LIMIT_MS, 'The servers did not start in time.');
  const workers: WorkerProcess[] = [];
  let log: WorkerLog | null = null;
  let exitCode = 0;
  const onWorker = (started: WorkerProcess): void => {
    workers.push(started);
    const onExit = ({ code, signal: by }: Exit): void => {
      const how = code === null ? `by ${String(by)}` : `with exit code ${code}`;
      if (!started.isToEnd()) fail(`The worker has exited: ${how}.`);
    };
    void started.exit.then(onExit);
  };
  try {
    const stage = await setStage({ env, narrator, teardown, signal, isForKafka: kafka, onWorker });
    report.upMs = Math.round(performance.now() - began);
    report.versions = stage.versions;
    clearTimeout(limit);
    limit = setTimeout(fail, SCENES_LIMIT_MS, 'The scenes took too long.');
    const play = { stage, narrator, report, signal, interrupted };
    const { group } = stage;
    const wanted = group === null ? scenes : groupScenes(group);
    for (const scene of wanted) await playScene(scene, play);
    if (keep && isPassed(report)) {
      showSummary(report, narrator, performance.now() - began);
      clearTimeout(limit);
      log = keepLog(stage.worker);
      await keepRunning(stage, narrator, { log, signal });
    }
    await playScene(group === null ? cleanStop : groupStop(group), play);
    if (!keep && isPassed(report)) {
      showSummary(report, narrator, performance.now() - began);
      narrator.say(`To experiment: npm run ${kafka ? 'services -- --kafka' : 'demo -- --keep'}`);
    }
    signal.throwIfAborted();
  } catch (thrown) {
    const error = toError(thrown);
    report.error = error.message;
    if (error instanceof Interrupted) exitCode = error.exitCode;
  }
  clearTimeout(limit);
  await narrator.during('Stopping everything …', teardown.run()).catch((thrown: unknown) => {
    const causes =
      thrown instanceof AggregateError ? (thrown.errors as Error[]) : [toError(thrown)];
    report.error ??= causes.map(({ message, cause }) => `${message}: ${String(cause)}`).join('; ');
  });
  await log?.remove();
  report.ok = isPassed(report);
  report.durationMs = Math.round(performance.now() - began);
  if (interrupted.aborted) stderr.write('\nInterrupted. Everything is stopped again.\n');
  else if (!report.ok) showFailure(report, workers, json);
  if (json) stdout.write(`${JSON.stringify(report, null, 2)}\n`);
  return exitCode === 0 && !report.ok ? 1 : exitCode;
}

/** With `--json` nothing but the headings, on stderr. */
function createStory(isSilent: boolean): Narrator {
  const isTerminal = !isSilent && stdout.isTTY;
  const narrator = createNarrator({
    write: (text) => void (isSilent || stdout.write(text)),
    isColoured: isTerminal && !env['NO_COLOR'],
    isLive: isTerminal && env['TERM'] !== 'dumb',
  });
  return isSilent ? { ...narrator, heading: (text) => void stderr.write(`${text}\n`) } : narrator;
}

interface Play {
  readonly stage: Stage;
  readonly narrator: Narrator;
  readonly report: Report;
  /** Aborted when nothing more is to be waited for. */
  readonly signal: AbortSignal;
  /** Aborted when the demo is to end though nothing is wrong. */
  readonly interrupted: AbortSignal;
}

/** Nothing after the first scene in which something is not as it should be. */
async function playScene({ name, title, play }: Scene, around: Play): Promise<void> {
  const { stage, narrator, report, signal, interrupted } = around;
  if (!isPassed(report)) return;
  const scene: SceneReport = { name, durationMs: 0, checks: [] };
  report.scenes.push(scene);
  narrator.heading(`${report.scenes.length}  ${title}`);
  const checks = createChecks((check) => {
    scene.checks.push(check);
    narrator.verdict(check);
  });
  const began = performance.now();
  try {
    const platform = createPlatform(stage, narrator);
    const waiting = createWaiting(stage, signal);
    await play({ ...waiting, stage, narrator, checks, report, scene, platform });
  } catch (error) {
    if (interrupted.aborted) throw error;
    checks.holds('The scene runs to its end.', false, 'an end', toError(error).message);
  }
  scene.durationMs = Math.round(performance.now() - began);
}

/** The closing figures of a demo that went well. */
function showSummary(report: Report, narrator: Narrator, elapsedMs: number): void {
  const { versions, upMs = 0, firstNotificationMs, burst: figures, scenes: played } = report;
  const takeOverMs = played.find((scene) => scene.takeOverMs !== undefined)?.takeOverMs;
  const checks = played.flatMap((scene) => scene.checks).length;
  narrator.heading(`All ${checks} checks passed`);
  const rows = [
    ['up after', seconds(upMs), `MongoDB ${versions?.mongodb}, ${versions?.mysql}, the worker`],
    ...(firstNotificationMs === undefined
      ? []
      : [['first call', `${firstNotificationMs} ms`, 'from the status in MongoDB to the webhook']]),
    ...(figures === undefined ? [] : [burstRow(figures)]),
    ...(takeOverMs === undefined
      ? []
      : [['take-over', seconds(takeOverMs), 'from the death of a worker to its successors']]),
    ['in all', seconds(elapsedMs), `${played.length} scenes`],
  ];
  const lines = rows.map(
    ([name = '', value = '', what]) => `${name.padEnd(11)}${value.padStart(8)}   ${what}`,
  );
  narrator.lines(lines.join('\n'));
}

function burstRow({ perSecond, statuses, p50Ms, p99Ms }: BurstFigures): readonly string[] {
  const latencies = `p50 ${count(p50Ms)} ms, p99 ${count(p99Ms)} ms`;
  return [
    'burst',
    `${count(perSecond)}/s`,
    `${count(statuses)} statuses; to the 2xx: ${latencies}`,
  ];
}

function showFailure(
  { error, scenes: played }: Report,
  workers: readonly WorkerProcess[],
  json: boolean,
): void {
  if (error !== undefined) stderr.write(`\n${wrap(error)}\n`);
  for (const { name, checks } of json ? played : []) {
    const failed = checks.filter(({ ok }) => !ok);
    for (const { what } of failed) stderr.write(`Failed in the scene ${name}: ${what}\n`);
  }
  for (const worker of workers) {
    const last = lastError(worker);
    if (last !== null) stderr.write(`\nThe worker said: ${last}\n`);
    const log = keepLog(worker);
    log.finish();
    stderr.write(`\nThe worker's log: ${log.file}\n`);
  }
}

/** The last error it logged, or what it said outside of its log; null when there was none. */
function lastError(worker: WorkerProcess): string | null {
  const line = worker.lines.findLast(({ level }) => level === 'error');
  if (line !== undefined) return `${line.event}: ${inspect(line['error'])}`;
  const plain = worker.output().match(/^[^{\n].*$/gm) ?? [];
  return plain.length === 0 ? null : plain.slice(-8).join('\n');
}
