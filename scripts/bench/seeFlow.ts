import { nowUs } from './clock.ts';
import { flowOf, type Flow, type Writing } from './flow.ts';
import { haveArrived } from './haveArrived.ts';
import type { Lab } from './lab.ts';
import { writeOnSchedule, type Due } from './openLoop.ts';
import { cpuUsOf } from './processUsage.ts';
import type { Scene } from './withWorker.ts';

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

/** What has not arrived by then is missing. */
const TAIL_MS = 20_000;

/** How these have arrived, and no other notifications at their endpoints; waits for them. */
export async function seeFlow(
  lab: Pick<Lab, 'receiver' | 'signal'>,
  writing: Writing,
): Promise<Flow> {
  const { written } = writing;
  const endpoints = [...new Set(written.map(({ account }) => account))];
  await haveArrived(lab, endpoints, written.length, TAIL_MS);
  const endUs = nowUs();
  return flowOf(writing, await lab.receiver.arrivals(), endUs);
}
