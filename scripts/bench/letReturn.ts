import { park, RETURNING_SOON } from './deadEndpoint.ts';
import { flowRatios, type Flow } from './flow.ts';
import type { Lab } from './lab.ts';
import { inTurn, scheduleOf, type Due } from './load.ts';
import { endpoints } from './measure.ts';
import { FIRST_ACCOUNT } from './places.ts';
import { endpointPath, endpointUrls } from './receiver.ts';
import { standWhen } from './standings.ts';
import {
  drive,
  driveUntil,
  haveArrived,
  seeFlow,
  withOwnWarmUp,
  withWorker,
} from './withWorker.ts';

const ENDPOINTS = 100;
const RETURNING = 0;
/** It takes its time, so that calls are under way long enough to be counted. */
const ANSWER_AFTER_MS = 50;
const settings = RETURNING_SOON;
const turns = endpoints(ENDPOINTS).map((n) => (n === RETURNING ? null : n));
const others = turns.filter((account) => account !== null);
const RETURN_LIMIT_MS = 300_000;
const RECORDS_LIMIT_MS = 10_000;

interface Load {
  readonly perSecond: number;
  /** How long statuses are written for the others: without the one that returns, and at most with it. */
  readonly seconds: number;
  readonly toPark: number;
}

export type Returned = Awaited<ReturnType<typeof letReturn>>;

/** An endpoint with a backlog in durable state returns while the others get statuses all the time. */
export async function letReturn(lab: Lab, load: Load) {
  const schedule = scheduleOf({ ...load, turns });
  lab.log('the others alone');
  const without = await measureOthers(lab, schedule);
  lab.log(`an endpoint with ${load.toPark} scheduled retries`);
  const { others: flow, ...returned } = await measureReturn(lab, schedule, load.toPark);
  return { without, with: flow, ratios: flowRatios(flow, without), ...returned };
}

async function measureOthers(lab: Lab, schedule: readonly Due[]): Promise<Flow> {
  const accounts = schedule.map(({ account }) => account);
  const setting = {
    urls: endpointUrls(lab.receiver, ENDPOINTS),
    warmed: others,
    accounts,
    settings,
  };
  return await withWorker(withOwnWarmUp(lab), setting, async (scene) => {
    return await seeFlow(lab, await drive(scene, schedule, scene.ids, lab.signal));
  });
}

async function measureReturn(lab: Lab, schedule: readonly Due[], toPark: number) {
  const { receiver } = lab;
  const path = endpointPath(RETURNING);
  const accounts = [...inTurn([RETURNING], toPark), ...schedule.map(({ account }) => account)];
  const setting = {
    urls: endpointUrls(lab.receiver, ENDPOINTS),
    warmed: others,
    accounts,
    settings,
  };
  return await withWorker(withOwnWarmUp(lab), setting, async (scene) => {
    const { place, ids } = scene;
    await receiver.behave({ [path]: { statusCode: 500 } });
    const { parked } = await park(lab, place, ids.slice(0, toPark));
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
    const counts = await receiver.paths();
    return {
      /** While the endpoint recovers. */
      others: flow,
      parked,
      /** From when it answered again to the last of them. */
      seconds,
      /**
       * At any endpoint. A call that the caller has given up counts until the receiver comes to know of it, which may be
       * later than the next call: exact, as no call times out.
       */
      maxInFlight: Math.max(...[...counts.values()].map(({ maxInFlight }) => maxInFlight)),
      /** Calls for what it had accepted before. */
      repeated: (counts.get(path)?.accepted ?? 0) - (stood.standings['delivered'] ?? 0),
      /** What has become of what was parked. */
      stood,
    };
  });
}
