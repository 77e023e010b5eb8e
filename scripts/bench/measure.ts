import { setTimeout as wait } from 'node:timers/promises';
import { comesTrue, nowUs } from './clock.ts';
import { cpuTimesOf, ownCpuUsOf, peakRssMbOf, serverCosts } from './costs.ts';
import type { Contender, Running } from './contender.ts';
import type { Lab } from './lab.ts';
import {
  inTurn,
  randomSchedule,
  seed,
  writeAtOnce,
  writeOnSchedule,
  type WrittenAt,
} from './load.ts';
import type { Measurement } from './measurement.ts';
import type { Place } from './places.ts';
import { endpointUrls } from './receiver.ts';
import { percentilesOf } from './statistics.ts';

export interface Plan {
  readonly count: number;
  /** What has not arrived by then is left out. */
  readonly limitMs: number;
  /** After which the endpoints answer. */
  readonly delayMs: number;
  /** Statuses; null for as fast as MongoDB takes them. */
  readonly perSecond: number | null;
  /** How long the contender is watched having nothing to do; not at all by default. */
  readonly idleMs?: number;
}

/** Each with its account, where a scenario has no other number. */
export const ENDPOINTS = 20;
const WARM_UP_LIMIT_MS = 60_000;
const LOOK_EVERY_MS = 50;

/** So many endpoints, by their numbers. */
export function endpoints(howMany: number): readonly number[] {
  return Array.from({ length: howMany }, (_, n) => n);
}

/**
 * One contender, once. It warms up on statuses that do not count, with endpoints that answer at once. CPU
 * time is counted from the first write to when the contender has come to rest, or to the limit.
 */
export async function measure(
  lab: Lab,
  contender: Contender,
  plan: Plan,
  accounts = ENDPOINTS,
): Promise<Measurement> {
  await using place = await lab.openPlace(endpointUrls(lab.receiver, accounts));
  const ids = await seed(place.sms, inTurn(endpoints(accounts), lab.warmUp + plan.count));
  return await measureAt(place, ids, { lab, contender, plan });
}

/** The same at a place where others may have been before; the first of the ids are for the warm-up. */
export async function measureAt(
  place: Place,
  ids: readonly string[],
  { lab, contender, plan }: { lab: Lab; contender: Contender; plan: Plan },
): Promise<Measurement> {
  const warmUpIds = ids.slice(0, ids.length - plan.count);
  await lab.receiver.reset();
  await using running = await contender.start(place.site);
  const drive = async (
    some: readonly string[],
    perSecond: number | null,
    signal: AbortSignal,
  ): Promise<WrittenAt> => {
    if (contender.drivenBy === 'itself') {
      running.post(some.length);
      return new Map();
    }
    if (perSecond === null) return await writeAtOnce(place.sms, some, signal);
    const schedule = randomSchedule(some.length, some.length / perSecond);
    const written = await writeOnSchedule(place.sms, schedule, some, signal);
    return new Map(written.map(({ notificationId, sentUs }) => [notificationId, sentUs]));
  };
  await warmUp(lab, running, warmUpIds.length, async (signal) => {
    await drive(warmUpIds, null, signal);
  });
  await lab.receiver.reset({ '/': { delayMs: plan.delayMs } });
  const measured = await count(lab, { contender, running, plan }, async (signal) => {
    return await drive(ids.slice(warmUpIds.length), plan.perSecond, signal);
  });
  const isAllRecorded = contender.records && measured.isComplete;
  const unrecorded = isAllRecorded ? await unrecordedOf(lab, place, ids) : null;
  const idleMs = measured.isComplete ? (plan.idleMs ?? 0) : 0;
  return { ...measured, unrecorded, idleCpu: await idleCpuOf(lab, running, idleMs) };
}

/** As many ids as fit well into one command. */
const PER_QUERY = 50_000;

const RECORDS_LIMIT_MS = 15_000;

/** How many of these still have no record of a delivery after a while. On a busy machine, records may just be late. */
export async function unrecordedOf(
  { signal }: Pick<Lab, 'signal'>,
  place: Place,
  ids: readonly string[],
): Promise<number> {
  let unrecorded = 0;
  const isNone = async (): Promise<boolean> => {
    unrecorded = await countUnrecorded(place, ids);
    return unrecorded === 0;
  };
  await comesTrue(isNone, { limitMs: RECORDS_LIMIT_MS, everyMs: 250, signal });
  return unrecorded;
}

async function countUnrecorded({ sms }: Place, ids: readonly string[]): Promise<number> {
  let recorded = 0;
  for (let from = 0; from < ids.length; from += PER_QUERY) {
    const $in = ids.slice(from, from + PER_QUERY);
    recorded += await sms.countDocuments({ _id: { $in }, 'notify_on_delivery.state': 'delivered' });
  }
  return ids.length - recorded;
}

/** Resolves when it is done and the contender at rest. */
export async function warmUp(
  lab: Lab,
  running: Running,
  wanted: number,
  drive: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  await drive(lab.signal);
  if (!(await reached(lab, running, wanted, WARM_UP_LIMIT_MS))) {
    throw new Error(`only some of ${wanted} statuses of the warm-up have arrived`);
  }
  await comeToRest(lab, running);
}

async function count(
  lab: Lab,
  { contender, running, plan }: { contender: Contender; running: Running; plan: Plan },
  drive: (signal: AbortSignal) => Promise<WrittenAt>,
): Promise<Omit<Measurement, 'unrecorded' | 'idleCpu'>> {
  const before = await running.count();
  const cpuBefore = await cpuTimesOf(running, lab.mongodPid);
  const startUs = nowUs();
  const overdue = new AbortController();
  const writing = drive(AbortSignal.any([lab.signal, overdue.signal]));
  writing.catch(() => undefined);
  const wanted = before.notifications + plan.count;
  const isComplete = await reached(lab, running, wanted, plan.limitMs);
  overdue.abort();
  const writtenAt = await writing;
  if (isComplete) await comeToRest(lab, running);
  const endUs = nowUs();
  const cpuAfter = await cpuTimesOf(running, lab.mongodPid);
  const after = await running.count();
  // Those of the warm-up came before.
  const inTime = [...(await running.arrivals())].filter(
    ([, atUs]) => atUs > startUs && atUs <= endUs,
  );
  const lastUs = inTime.reduce((latest, [, atUs]) => Math.max(latest, atUs), startUs);
  running.onMeasured?.({
    contender: contender.name,
    perSecond: plan.perSecond,
    startUs,
    endUs,
    notifications: inTime.length,
  });
  const perNotification = (us: number): number => us / inTime.length;
  const latenciesMs = inTime.flatMap(([id, atUs]) => {
    const writtenUs = writtenAt.get(id);
    return writtenUs === undefined ? [] : [(atUs - writtenUs) / 1_000];
  });
  return {
    count: inTime.length,
    isComplete,
    perSecond: inTime.length / (((isComplete ? lastUs : endUs) - startUs) / 1_000_000),
    cpuUs: perNotification(cpuAfter.own - cpuBefore.own),
    mainCpuUs: perNotification(cpuAfter.main - cpuBefore.main),
    mongodCpuUs:
      contender.drivenBy === 'itself' ? null : perNotification(cpuAfter.mongod - cpuBefore.mongod),
    servers: await serverCosts(running, (name) =>
      perNotification((cpuAfter.servers[name] ?? 0) - (cpuBefore.servers[name] ?? 0)),
    ),
    latencyMs: percentilesOf(latenciesMs),
    peakRssMb: await peakRssMbOf(running),
    repeated: after.calls - before.calls - (after.notifications - before.notifications),
  };
}

async function reached(
  { signal }: Lab,
  running: Running,
  wanted: number,
  limitMs: number,
): Promise<boolean> {
  const haveArrived = async (): Promise<boolean> => (await running.count()).notifications >= wanted;
  return await comesTrue(haveArrived, { limitMs, everyMs: LOOK_EVERY_MS, signal });
}

const REST_LOOK_MS = 200;
/** Of CPU time within a look: a process with nothing to do but its timers. */
const REST_US = 10_000;
const REST_LIMIT_MS = 5_000;

/** What is written after an answer belongs to it: waits until it is done, at most five seconds. */
export async function comeToRest(lab: Lab, running: Running): Promise<void> {
  const endMs = performance.now() + REST_LIMIT_MS;
  for (let before = await ownCpuUsOf(running); performance.now() < endMs;) {
    await wait(REST_LOOK_MS, undefined, { signal: lab.signal });
    const now = await ownCpuUsOf(running);
    if (now - before <= REST_US) return;
    before = now;
  }
}

/** After it has come to rest: the share of a core that its timers and waiting reads take. */
async function idleCpuOf(lab: Lab, running: Running, idleMs: number): Promise<number | null> {
  if (idleMs === 0) return null;
  const [cpuBefore, startUs] = [await ownCpuUsOf(running), nowUs()];
  await wait(idleMs, undefined, { signal: lab.signal });
  return ((await ownCpuUsOf(running)) - cpuBefore) / (nowUs() - startUs);
}
