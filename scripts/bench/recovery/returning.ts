import { flowRatios, type Flow, type FlowRatios, type Writing } from '../flow.ts';
import { haveArrived } from '../haveArrived.ts';
import type { Lab } from '../lab.ts';
import { scheduleOf } from '../openLoop.ts';
import { endpointPath, mostInFlight } from '../receiver.ts';
import { drive, seeFlow } from '../seeFlow.ts';
import { FIRST_ACCOUNT } from '../site.ts';
import { standWhen, type Stood } from '../standings.ts';
import { withOwnWarmUp, withWorker } from '../withWorker.ts';
import { park, PARKING } from './parked.ts';

const ENDPOINTS = 100;
const RETURNING = 0;
/** It takes its time, so that calls are under way long enough to be counted. */
const ANSWER_AFTER_MS = 50;
const settings = { ...PARKING, BREAKER_COOLDOWN: '2s' };
const turns = Array.from({ length: ENDPOINTS }, (_, n) => (n === RETURNING ? null : n));
const others = turns.filter((account) => account !== null);

interface Load {
  readonly perSecond: number;
  /** How long statuses are written for the others: without the one that returns, and at most with it. */
  readonly seconds: number;
  readonly toPark: number;
}

export interface Returned {
  readonly without: Flow;
  /** While the endpoint recovers. */
  readonly with: Flow;
  readonly ratios: FlowRatios;
  readonly parked: number;
  /** From when it answered again to the last of them. */
  readonly seconds: number;
  /** At any endpoint. */
  readonly maxInFlight: number;
  /** Calls for what it had accepted before. */
  readonly repeated: number;
  /** What has become of what was parked. */
  readonly stood: Stood;
}

/** An endpoint with a backlog in durable state returns while the others get statuses all the time. */
export async function letReturn(lab: Lab, load: Load): Promise<Returned> {
  lab.tell('the others alone');
  const without = await measureOthers(lab, load);
  lab.tell(`an endpoint with ${load.toPark} parked`);
  const { others: flow, ...returned } = await measureReturn(lab, load);
  return { without, with: flow, ratios: flowRatios(flow, without), ...returned };
}

async function measureOthers(lab: Lab, { perSecond, seconds }: Load): Promise<Flow> {
  const schedule = scheduleOf({ perSecond, seconds, turns });
  const accounts = schedule.map(({ account }) => account);
  const setting = { endpoints: ENDPOINTS, warmed: others, accounts, settings };
  return await withWorker(withOwnWarmUp(lab), setting, async (scene) => {
    return await seeFlow(lab, await drive(scene, schedule, scene.ids, lab.signal));
  });
}

async function measureReturn(
  lab: Lab,
  { perSecond, seconds: most, toPark }: Load,
): Promise<Omit<Returned, 'without' | 'with' | 'ratios'> & { readonly others: Flow }> {
  const { receiver } = lab;
  const path = endpointPath(RETURNING);
  const schedule = scheduleOf({ perSecond, seconds: most, turns });
  const backlog = Array.from({ length: toPark }, () => RETURNING);
  const accounts = [...backlog, ...schedule.map(({ account }) => account)];
  const setting = { endpoints: ENDPOINTS, warmed: others, accounts, settings };
  return await withWorker(withOwnWarmUp(lab), setting, async (scene) => {
    const { place, ids } = scene;
    await receiver.behave({ [path]: { statusCode: 500 } });
    const parked = await park(lab, place, ids.slice(0, toPark));
    await receiver.behave({ [path]: { delayMs: ANSWER_AFTER_MS } });
    const { seconds, writing } = await driveUntil(
      async () => await haveArrived(lab, [RETURNING], toPark, RETURN_LIMIT_MS),
      async (over) => {
        const signal = AbortSignal.any([lab.signal, over]);
        return await drive(scene, schedule, ids.slice(toPark), signal);
      },
    );
    const flow = await seeFlow(lab, writing);
    const which = { accountID: FIRST_ACCOUNT + RETURNING };
    const expected = { which, count: toPark, as: 'delivered', limitMs: RECORDS_LIMIT_MS };
    const stood = await standWhen(lab, place, expected);
    const counts = (await receiver.paths()).get(path);
    return {
      others: flow,
      parked,
      seconds,
      maxInFlight: await mostInFlight(receiver),
      repeated: (counts?.accepted ?? 0) - (stood.standings['delivered'] ?? 0),
      stood,
    };
  });
}

const RETURN_LIMIT_MS = 300_000;
const RECORDS_LIMIT_MS = 10_000;

/** Writes until it is over, unless everything is written before; how long it was until then. */
async function driveUntil(
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
