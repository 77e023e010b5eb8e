import { packageRoot } from '../../config/packageRoot.ts';
import { startBenchWorker, type Settings } from './benchWorker.ts';
import { comesTrue, nowUs } from './clock.ts';
import { flowOf, type Flow, type Writing } from './flow.ts';
import type { Lab } from './lab.ts';
import { inTurn, seed, writeAtOnce, writeOnSchedule, type Due } from './load.ts';
import { warmUp } from './measure.ts';
import type { Place } from './places.ts';
import { cpuUsOf } from './processes.ts';
import { endpointPath } from './receiver.ts';

interface Setting {
  /** The accounts' URLs, starting with the first account. */
  readonly urls: readonly string[];
  /** Those that the warm-up is for; it is to leave no trace at the others. */
  readonly warmed: readonly number[];
  /** One SMS without a status is put in place for each of these. */
  readonly accounts: readonly number[];
  readonly settings: Settings;
}

/** What there is while the worker runs, warm and at rest, with endpoints that answer at once. */
interface Scene {
  readonly place: Place;
  /** The worker's. */
  readonly pid: number;
  /** Of the SMS, in the order of the accounts. */
  readonly ids: readonly string[];
}

/** The lab with a warm-up just long enough for the worker to keep up from the start. */
export function withOwnWarmUp(lab: Lab): Lab {
  return { ...lab, warmUp: lab.isQuick ? 1_000 : 2_000 };
}

/** Has the worker run at a place of its own for as long as `use` takes. */
export async function withWorker<T>(
  lab: Lab,
  { urls, warmed, accounts, settings }: Setting,
  use: (scene: Scene) => Promise<T>,
): Promise<T> {
  await using place = await lab.openPlace(urls);
  const ids = await seed(place.sms, [...inTurn(warmed, lab.warmUp), ...accounts]);
  await lab.receiver.reset();
  const root = packageRoot();
  await using running = await startBenchWorker(place.site, lab.receiver, { settings, root });
  await warmUp(lab, running, lab.warmUp, async (signal) => {
    await writeAtOnce(place.sms, ids.slice(0, lab.warmUp), signal);
  });
  await lab.receiver.reset();
  return await use({ place, pid: running.pid, ids: ids.slice(lab.warmUp) });
}

/** Writes the statuses, until all are written or the signal is aborted. */
export async function drive(
  { place, pid }: Scene,
  schedule: readonly Due[],
  ids: readonly string[],
  signal: AbortSignal,
): Promise<Writing> {
  const [startUs, cpuBeforeUs] = [nowUs(), await cpuUsOf(pid)];
  const written = await writeOnSchedule(place.sms, schedule, ids, signal);
  const cpuUs = (await cpuUsOf(pid)) - cpuBeforeUs;
  return { written, cores: cpuUs / (nowUs() - startUs) };
}

/** Writes until `isOver` resolves or everything is written. Returns how long `isOver` took. */
export async function driveUntil(
  isOver: () => Promise<unknown>,
  write: (over: AbortSignal) => Promise<Writing>,
): Promise<{ readonly seconds: number; readonly writing: Writing }> {
  const beganAtMs = performance.now();
  const over = new AbortController();
  const writing = write(over.signal);
  writing.catch(() => undefined);
  await isOver();
  const seconds = (performance.now() - beganAtMs) / 1_000;
  over.abort();
  return { seconds, writing: await writing };
}

/** What has not arrived by then is missing. */
const TAIL_MS = 20_000;

/** Waits for these statuses and returns how they arrived. Their endpoints must get no others, except `earlier` ones. */
export async function seeFlow(
  lab: Pick<Lab, 'receiver' | 'signal'>,
  writing: Writing,
  earlier = 0,
): Promise<Flow> {
  const { written } = writing;
  const endpoints = [...new Set(written.map(({ account }) => account))];
  await haveArrived(lab, endpoints, earlier + written.length, TAIL_MS);
  const endUs = nowUs();
  return flowOf(writing, await lab.receiver.arrivals(), endUs);
}

/** Whether these endpoints have accepted so many calls within the limit. */
export async function haveArrived(
  { receiver, signal }: Pick<Lab, 'receiver' | 'signal'>,
  endpoints: readonly number[],
  count: number,
  limitMs: number,
): Promise<boolean> {
  const arrived = async (): Promise<boolean> => {
    const paths = await receiver.paths();
    const accepted = endpoints.map((n) => paths.get(endpointPath(n))?.accepted ?? 0);
    return accepted.reduce((sum, each) => sum + each, 0) >= count;
  };
  return await comesTrue(arrived, { limitMs, everyMs: 100, signal });
}
