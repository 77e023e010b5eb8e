import { comesTrue } from './clock.ts';
import { checkpointLagDuring } from './compareTroubled.ts';
import { park, RETURNING_SOON, waitForParked } from './deadEndpoint.ts';
import type { Flow, Writing } from './flow.ts';
import type { Lab } from './lab.ts';
import { inTurn, scheduleOf } from './load.ts';
import { endpoints } from './measure.ts';
import type { Place } from './places.ts';
import { residentMbOf } from './processes.ts';
import { endpointUrls, type BenchReceiver, type Meter } from './receiver.ts';
import { standWhen } from './standings.ts';
import { perSecondOf } from './statistics.ts';
import {
  drive,
  driveUntil,
  haveArrived,
  seeFlow,
  withOwnWarmUp,
  withWorker,
} from './withWorker.ts';

export interface OutageLoad {
  /** Of all statuses, while some endpoints are away. */
  readonly perSecond: number;
  /** Written on a schedule for the endpoints that are away. The same number is then written at once. */
  readonly toPark: number;
  /** The maximum time for which statuses are written for the others while these return. */
  readonly returnSeconds: number;
}

/** `away`: they refuse connections. `returning`: what was parked for them is sent. */
export const PARTS = ['away', 'returning'] as const;
/** Of the endpoints that are always available. */
type Flows = Readonly<Record<(typeof PARTS)[number], Flow>>;

const EACH = 20;
const THERE = endpoints(EACH);
const AWAY = THERE.map((n) => EACH + n);
/** Their share of all statuses while they are away. */
const AWAY_SHARE = 0.8;
const TURNS = endpoints(5 * EACH).map((n) =>
  n % 5 === 0 ? n / 5 : EACH + (Math.floor(n * AWAY_SHARE) % EACH),
);
/** Twice as many for each endpoint as it takes to open its breaker. */
const OPENING = inTurn(AWAY, 20 * EACH);
/** No client connects from this address, so nothing else takes the port while the receiver is away. */
const ANY_PORT = '127.0.0.2:0';
const BREAKERS_LIMIT_MS = 60_000;
const RETURN_LIMIT_MS = 300_000;
const RECORDS_LIMIT_MS = 30_000;

function schedulesOf({ perSecond, toPark, returnSeconds }: OutageLoad) {
  const whileAway = { perSecond, seconds: toPark / (AWAY_SHARE * perSecond), turns: TURNS };
  const ofOthers = { perSecond: (1 - AWAY_SHARE) * perSecond, seconds: returnSeconds };
  return {
    whileAway: scheduleOf(whileAway),
    whileReturning: scheduleOf({ ...ofOthers, turns: THERE }),
  };
}

function settingOf(lab: Lab, away: BenchReceiver, accounts: readonly number[]) {
  const urls = [...endpointUrls(lab.receiver, EACH), ...endpointUrls(away, EACH)];
  return { urls, warmed: THERE, accounts, settings: RETURNING_SOON };
}

/** The same statuses while all endpoints are available, then only those of the others. */
export async function withoutOutage(lab: Lab, load: OutageLoad): Promise<Flows> {
  const { whileAway, whileReturning } = schedulesOf(load);
  const accounts = [...whileAway, ...whileReturning].map(({ account }) => account);
  const away = await lab.openReceiver(ANY_PORT);
  try {
    return await withWorker(withOwnWarmUp(lab), settingOf(lab, away, accounts), async (scene) => {
      const { ids } = scene;
      const first = await drive(scene, whileAway, ids, lab.signal);
      const atFirst = await seeOthers(lab, first);
      const rest = ids.slice(whileAway.length);
      const second = await drive(scene, whileReturning, rest, lab.signal);
      return { away: atFirst, returning: await seeOthers(lab, second, atFirst.count) };
    });
  } finally {
    await away.close();
  }
}

async function seeOthers(lab: Lab, { written, cores }: Writing, earlier = 0): Promise<Flow> {
  return await seeFlow(lab, { written: written.filter(isThere), cores }, earlier);
}

function isThere({ account }: { readonly account: number }): boolean {
  return account < EACH;
}

/** An outage from the first refused call to the last notification that waited for its end. */
export async function endure(lab: Lab, { toPark, ...load }: OutageLoad) {
  const { whileAway, whileReturning } = schedulesOf({ toPark, ...load });
  const scheduled = [...whileAway, ...whileReturning].map(({ account }) => account);
  const accounts = [...OPENING, ...inTurn(AWAY, toPark), ...scheduled];
  const before = await lab.openReceiver(ANY_PORT);
  await before.close();
  return await withWorker(withOwnWarmUp(lab), settingOf(lab, before, accounts), async (scene) => {
    const { place, pid } = scene;
    const ids = [...scene.ids];
    const opened = await park(lab, place, ids.splice(0, OPENING.length));
    await waitForBreakers(lab, place);
    const burstIds = ids.splice(0, toPark);

    const driving = drive(scene, whileAway, ids.splice(0, whileAway.length), lab.signal);
    const lagSeconds = await checkpointLagDuring(driving, place);
    const away = await seeOthers(lab, await driving);
    const forAway = whileAway.filter((due) => !isThere(due)).length;
    await waitForParked(lab, place, opened.parked + forAway);

    const { parked, seconds } = await park(lab, place, burstIds);
    const receiver = await lab.openReceiver(before.address);
    try {
      const { seconds: returnSeconds, writing } = await driveUntil(
        async () => await haveArrived({ ...lab, receiver }, THERE, parked, RETURN_LIMIT_MS),
        async (over) =>
          await drive(scene, whileReturning, ids, AbortSignal.any([lab.signal, over])),
      );
      const returning = await seeOthers(lab, writing, away.count);
      const count = await place.sms.countDocuments({ deliveryStatus: { $exists: true } });
      const expected = { which: {}, count, as: 'delivered', limitMs: RECORDS_LIMIT_MS };
      const stood = await standWhen(lab, place, expected);
      return {
        flows: { away, returning },
        lagSeconds,
        parked,
        parkedPerSecond: toPark / seconds,
        /** From the first arrival to the last. */
        drainedPerSecond: perSecondOf((await receiver.arrivals()).values()),
        returnSeconds,
        peakRssMb: (await residentMbOf(pid)).peak,
        stood,
        lost: count - (stood.standings['delivered'] ?? 0),
        repeated: (await repeatedAt(receiver)) + (await repeatedAt(lab.receiver)),
      };
    } finally {
      await receiver.close();
    }
  });
}

async function waitForBreakers({ signal }: Lab, { sms }: Place): Promise<void> {
  const rows = sms.db.collection('notify_on_delivery_endpoints');
  const areOpen = async (): Promise<boolean> =>
    (await rows.countDocuments({ kind: 'breaker' })) >= AWAY.length;
  if (await comesTrue(areOpen, { limitMs: BREAKERS_LIMIT_MS, everyMs: 100, signal })) return;
  throw new Error('not all breakers of endpoints that are away have opened');
}

/** Calls for notifications that it had already accepted. */
async function repeatedAt(receiver: Meter): Promise<number> {
  const { calls, notifications } = await receiver.count();
  return calls - notifications;
}
