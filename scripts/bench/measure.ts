import { setTimeout as wait } from 'node:timers/promises';
import type { Collection } from 'mongodb';
import type { SmsDocument } from '../harness/smsPlatform.ts';
import { nowUs } from './clock.ts';
import { comesTrue } from './comesTrue.ts';
import type { Contender, Running } from './contender.ts';
import type { Lab } from './lab.ts';
import { seed, writeAtOnce, writePaced, type WrittenAt } from './load.ts';
import type { Measurement } from './measurement.ts';
import type { Place } from './places.ts';
import { cpuUsOf, residentMbOf } from './processUsage.ts';
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
  const place = await lab.openPlace(endpointUrls(lab.receiver, accounts));
  try {
    const ids = await seed(place.sms, lab.warmUp + plan.count, accounts);
    return await measureAt(place, ids, { lab, contender, plan });
  } finally {
    await place.clear();
  }
}

/** The same at a place where others may have been before; the first of the ids are for the warm-up. */
export async function measureAt(
  place: Place,
  ids: readonly string[],
  { lab, contender, plan }: { lab: Lab; contender: Contender; plan: Plan },
): Promise<Measurement> {
  const warmUpIds = ids.slice(0, ids.length - plan.count);
  await lab.receiver.reset();
  const running = await contender.start(place.site);
  try {
    const drive = driverOf(contender, running, place.sms);
    await warmUp(lab, running, warmUpIds.length, async (signal) => {
      await drive(warmUpIds, null, signal);
    });
    await lab.receiver.reset({ '/': { delayMs: plan.delayMs } });
    const run = { running, drive, ids: ids.slice(warmUpIds.length) };
    const measured = await count(lab, contender, plan, run);
    const isAllRecorded = contender.records && measured.isComplete;
    const unrecorded = isAllRecorded ? await unrecordedOf(place, ids) : null;
    const idleMs = measured.isComplete ? (plan.idleMs ?? 0) : 0;
    return { ...measured, unrecorded, idleCpu: await idleCpuOf(lab, running, idleMs) };
  } finally {
    await running.end();
  }
}

/** As many ids as fit well into one command. */
const PER_QUERY = 50_000;

/** How many of these have no record of a delivery. */
export async function unrecordedOf({ sms }: Place, ids: readonly string[]): Promise<number> {
  let recorded = 0;
  for (let from = 0; from < ids.length; from += PER_QUERY) {
    const $in = ids.slice(from, from + PER_QUERY);
    recorded += await sms.countDocuments({ _id: { $in }, 'notify_on_delivery.state': 'delivered' });
  }
  return ids.length - recorded;
}

type Drive = (
  ids: readonly string[],
  perSecond: number | null,
  signal: AbortSignal,
) => Promise<WrittenAt>;

function driverOf({ drivenBy }: Contender, running: Running, sms: Collection<SmsDocument>): Drive {
  return async (ids, perSecond, signal) => {
    if (drivenBy === 'itself') {
      running.post(ids.length);
      return new Map();
    }
    return perSecond === null
      ? await writeAtOnce(sms, ids, signal)
      : await writePaced(sms, ids, { perSecond, signal });
  };
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

interface Run {
  readonly running: Running;
  readonly drive: Drive;
  readonly ids: readonly string[];
}

async function count(
  lab: Lab,
  { drivenBy }: Contender,
  { count: wanted, limitMs, perSecond }: Plan,
  { running, drive, ids }: Run,
): Promise<Omit<Measurement, 'unrecorded' | 'idleCpu'>> {
  const before = await running.count();
  const cpuBefore = await cpuOf(lab, running);
  const startUs = nowUs();
  const overdue = new AbortController();
  const writing = drive(ids, perSecond, AbortSignal.any([lab.signal, overdue.signal]));
  writing.catch(() => undefined);
  const isComplete = await reached(lab, running, before.notifications + wanted, limitMs);
  overdue.abort();
  const writtenAt = await writing;
  if (isComplete) await comeToRest(lab, running);
  const endUs = nowUs();
  const cpuAfter = await cpuOf(lab, running);
  const after = await running.count();
  // Those of the warm-up came before.
  const arrivals = [...(await running.arrivals())].filter(([, atUs]) => atUs > startUs);
  const inTime = arrivals.filter(([, atUs]) => atUs <= endUs);
  const lastUs = inTime.reduce((latest, [, atUs]) => Math.max(latest, atUs), startUs);
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
    mongodCpuUs: drivenBy === 'itself' ? null : perNotification(cpuAfter.mongod - cpuBefore.mongod),
    latencyMs: percentilesOf(latenciesMs),
    peakRssMb: (await residentMbOf(running.pid)).peak,
    repeated: after.calls - before.calls - (after.notifications - before.notifications),
  };
}

async function cpuOf(lab: Lab, { pid }: Running): Promise<Record<'own' | 'mongod', number>> {
  const [own, mongod] = await Promise.all([cpuUsOf(pid), cpuUsOf(lab.mongodPid)]);
  return { own, mongod };
}

async function reached(
  lab: Lab,
  running: Running,
  wanted: number,
  limitMs: number,
): Promise<boolean> {
  const haveArrived = async (): Promise<boolean> => (await running.count()).notifications >= wanted;
  return await comesTrue(haveArrived, { limitMs, everyMs: LOOK_EVERY_MS, signal: lab.signal });
}

const REST_LOOK_MS = 200;
/** Of CPU time within a look: a process with nothing to do but its timers. */
const REST_US = 10_000;
const REST_LIMIT_MS = 5_000;

/** What is written after an answer belongs to it: waits until it is done, at most five seconds. */
export async function comeToRest(lab: Lab, { pid }: Running): Promise<void> {
  const endMs = performance.now() + REST_LIMIT_MS;
  for (let before = await cpuUsOf(pid); performance.now() < endMs;) {
    await wait(REST_LOOK_MS, undefined, { signal: lab.signal });
    const now = await cpuUsOf(pid);
    if (now - before <= REST_US) return;
    before = now;
  }
}

/** After it has come to rest: the share of a core that its timers and waiting reads take. */
async function idleCpuOf(lab: Lab, { pid }: Running, idleMs: number): Promise<number | null> {
  if (idleMs === 0) return null;
  const before = { cpuUs: await cpuUsOf(pid), atUs: nowUs() };
  await wait(idleMs, undefined, { signal: lab.signal });
  return ((await cpuUsOf(pid)) - before.cpuUs) / (nowUs() - before.atUs);
}
