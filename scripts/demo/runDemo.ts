import { toError } from '../../src/runtime/errors.ts';
import { createTeardown, type Teardown } from '../../src/runtime/teardown.ts';
import { Interrupted, onInterruption } from '../harness/interruption.ts';
import type { Exit, WorkerProcess } from '../harness/workerProcess.ts';
import { keepRunning } from './keepRunning.ts';
import type { Narrator } from './narrator.ts';
import type { DemoOptions } from './options.ts';
import { playScenes } from './playScenes.ts';
import { isPassed, type Report } from './report.ts';
import { burst } from './scenes/burst.ts';
import { cleanStop } from './scenes/cleanStop.ts';
import { failingWebhook } from './scenes/failingWebhook.ts';
import { notOptedIn } from './scenes/notOptedIn.ts';
import { flowWithoutWebhook, noDefaultWebhook } from './scenes/skipped.ts';
import { theSample } from './scenes/theSample.ts';
import { wholeDocuments } from './scenes/wholeDocuments.ts';
import { setStage } from './stage.ts';
import { tellSummary } from './summary.ts';
import { createTimeLimit } from './timeLimit.ts';

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

export interface DemoResult {
  readonly report: Report;
  readonly exitCode: number;
  readonly isInterrupted: boolean;
  readonly worker: WorkerProcess | null;
}

/** Plays the whole demo and stops everything again. Never rejects: what went wrong is in the report. */
export async function runDemo(options: DemoOptions, narrator: Narrator): Promise<DemoResult> {
  const began = performance.now();
  const report: Report = { ok: false, scenes: [], durationMs: 0 };
  const teardown = createTeardown();
  const interrupted = onInterruption();
  const limit = createTimeLimit();
  const signal = AbortSignal.any([interrupted, limit.signal]);
  let worker: WorkerProcess | null = null;
  let isEnding = false;
  let exitCode = 0;
  const onWorker = (started: WorkerProcess): void => {
    worker = started;
    const onExit = ({ code, signal: by }: Exit): void => {
      const how = code === null ? `by ${String(by)}` : `with exit code ${code}`;
      if (!isEnding) limit.end(new Error(`The worker has ended, ${how}.`));
    };
    void started.exit.then(onExit);
  };
  try {
    limit.set(START_LIMIT_MS, 'The servers did not come up in time.');
    const stage = await setStage({ env: process.env, narrator, teardown, signal, onWorker });
    report.upMs = Math.round(performance.now() - began);
    report.versions = stage.versions;
    limit.set(SCENES_LIMIT_MS, 'The scenes took too long.');
    const play = { stage, narrator, report, signal, interrupted };
    await playScenes(scenes, play);
    if (options.keep && isPassed(report)) {
      tellSummary(report, narrator, performance.now() - began);
      limit.set(null);
      await keepRunning(stage, narrator, signal);
    }
    isEnding = true;
    await playScenes([cleanStop], play);
    if (!options.keep && isPassed(report)) {
      tellSummary(report, narrator, performance.now() - began);
      narrator.say('To try things by hand: npm run demo -- --keep');
    }
  } catch (thrown) {
    const error = toError(thrown);
    report.error = error.message;
    if (error instanceof Interrupted) exitCode = error.exitCode;
  }
  isEnding = true;
  limit.set(null);
  await close(teardown, report, narrator);
  report.ok = isPassed(report);
  report.durationMs = Math.round(performance.now() - began);
  if (exitCode === 0 && !report.ok) exitCode = 1;
  return { report, exitCode, worker, isInterrupted: interrupted.aborted };
}

async function close(teardown: Teardown, report: Report, narrator: Narrator): Promise<void> {
  try {
    await narrator.during('Stopping everything …', teardown.run());
  } catch (thrown) {
    const causes =
      thrown instanceof AggregateError ? (thrown.errors as Error[]) : [toError(thrown)];
    report.error ??= causes.map(({ message, cause }) => `${message}: ${String(cause)}`).join('; ');
  }
}
