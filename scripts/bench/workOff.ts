import { setTimeout as wait } from 'node:timers/promises';
import { packageRoot } from '../../config/packageRoot.ts';
import { nowUs } from './clock.ts';
import type { Running } from './contender.ts';
import { OTHER, workerContender } from './contenders.ts';
import type { Lab } from './lab.ts';
import { inTurn, seed, writeAtOnce } from './load.ts';
import { comeToRest, ENDPOINTS, endpoints, unrecordedOf } from './measure.ts';
import type { Place } from './places.ts';
import { cpuUsOf, residentMbOf } from './processes.ts';
import { endpointUrls } from './receiver.ts';
import { perSecondOf } from './statistics.ts';

/** The worker at one moment, by the seconds since it was to start. */
type Sample = Readonly<Record<'seconds' | 'arrived' | 'rssMb', number>>;

/** One start with so many statuses that nobody has seen. */
export interface WorkedOff {
  readonly count: number;
  /** Not this checkout's worker. */
  readonly isOther: boolean;
  /** Notifications that have arrived within the limit. */
  readonly arrived: number;
  /** From the start of the process to the last arrival. */
  readonly seconds: number;
  /** From the first arrival to the last. */
  readonly perSecond: number;
  /** Of the process with its start, per notification. */
  readonly cpuUs: number;
  readonly mongodCpuUs: number;
  readonly peakRssMb: number;
  /** The most that were seen in durable state at a time. */
  readonly parked: number;
  /** Calls for what had arrived before. */
  readonly repeated: number;
  /** Answered and without a record; null where it was cut off. */
  readonly unrecorded: number | null;
  /** One a second. */
  readonly samples: readonly Sample[];
}

/** The statuses are written while no worker runs; then one is started, of the checkout, as an operator does. */
export async function workOff(lab: Lab, count: number, root = packageRoot()): Promise<WorkedOff> {
  const isOther = root !== packageRoot();
  const called = isOther ? OTHER : undefined;
  await using place = await lab.openPlace(endpointUrls(lab.receiver, ENDPOINTS));
  lab.log(`writing ${count} statuses`);
  const ids = await seed(place.sms, inTurn(endpoints(ENDPOINTS), count));
  const before = new Date();
  await writeAtOnce(place.sms, ids, lab.signal);
  await lab.receiver.reset();
  lab.log(`the worker with ${count} statuses before it`);
  const mongodUs = await cpuUsOf(lab.mongodPid);
  const startUs = nowUs();
  const worker = workerContender(lab.receiver, { START_AT: before.toISOString() }, called, root);
  await using running = await worker.start(place.site);
  const seen = await watch(lab, running, { place, count, startUs });
  const isComplete = seen.arrived >= count;
  if (isComplete) await comeToRest(lab, running);
  const { calls, notifications } = await running.count();
  const arrivedAt = [...(await running.arrivals()).values()].sort((one, other) => one - other);
  const lastUs = arrivedAt.at(-1) ?? startUs;
  return {
    count,
    isOther,
    ...seen,
    seconds: (lastUs - startUs) / 1_000_000,
    perSecond: perSecondOf(arrivedAt),
    cpuUs: (await cpuUsOf(running.pid)) / notifications,
    mongodCpuUs: ((await cpuUsOf(lab.mongodPid)) - mongodUs) / notifications,
    peakRssMb: (await residentMbOf(running.pid)).peak,
    repeated: calls - notifications,
    unrecorded: isComplete ? await unrecordedOf(lab, place, ids) : null,
  };
}

const LOOK_EVERY_MS = 100;
const SAMPLE_EVERY_S = 1;
/** A worker slower than this is cut off. */
const LEAST_PER_SECOND = 250;

/** Until all have arrived. */
async function watch(
  { signal }: Lab,
  running: Running,
  { place, count, startUs }: { place: Place; count: number; startUs: number },
): Promise<Pick<WorkedOff, 'arrived' | 'parked' | 'samples'>> {
  const retries = place.sms.db.collection('notify_on_delivery_retries');
  const samples: Sample[] = [];
  let parked = 0;
  for (;;) {
    const { notifications: arrived } = await running.count();
    const seconds = (nowUs() - startUs) / 1_000_000;
    const isOver = arrived >= count || seconds > 60 + count / LEAST_PER_SECOND;
    if (isOver || seconds >= (samples.at(-1)?.seconds ?? 0) + SAMPLE_EVERY_S) {
      const { now: rssMb } = await residentMbOf(running.pid);
      samples.push({ seconds, arrived, rssMb });
    }
    parked = Math.max(parked, await retries.estimatedDocumentCount());
    if (isOver) return { arrived, parked, samples };
    await wait(LOOK_EVERY_MS, undefined, { signal });
  }
}
