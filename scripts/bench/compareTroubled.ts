import type { Behaviour } from './behaviour.ts';
import type { Settings } from './benchWorker.ts';
import { flowRatios, mediansOfFlows, type Flow } from './flow.ts';
import type { Lab } from './lab.ts';
import { scheduleOf } from './load.ts';
import type { Place } from './places.ts';
import { endpointPath, endpointUrls } from './receiver.ts';
import { standWhen, type Stood } from './standings.ts';
import { drive, seeFlow, withOwnWarmUp, withWorker } from './withWorker.ts';

/** Endpoints that the others must not suffer from. */
export interface Trouble {
  readonly name: string;
  readonly title: string;
  /** By endpoint. */
  readonly bad: ReadonlyMap<number, Behaviour>;
  /** Whose statuses follow one another. */
  readonly turns: readonly number[];
  readonly controls: readonly Exclude<Kind, 'troubled'>[];
  readonly seconds: number;
  readonly settings: Settings;
}

/**
 * - without: no statuses for the bad ones, the others' as they are
 * - healed: all statuses, and the bad ones are not bad
 * - troubled: all statuses, and they are
 */
type Kind = 'without' | 'healed' | 'troubled';

interface Run {
  readonly healthy: Flow;
  /** How far the checkpoint was behind at most. */
  readonly lagSeconds: number;
  /** Of all statuses, after the bad endpoints had been healed; null where that was not waited for. */
  readonly end: Stood | null;
}

export type Compared = Awaited<ReturnType<typeof compareTroubled>>;

/** In rounds, so that a slow minute of the machine meets all; the last one looks at the end, too. */
export async function compareTroubled(lab: Lab, trouble: Trouble, perSecond: number) {
  const { name, title, seconds, controls } = trouble;
  const runs: Record<Kind, Run[]> = { without: [], healed: [], troubled: [] };
  for (let round = 1; round <= lab.rounds; round += 1) {
    for (const kind of [...controls, 'troubled'] as const) {
      lab.log(`round ${round} of ${lab.rounds}: ${name}, ${kind}`);
      const isToTheEnd = kind === 'troubled' && round === lab.rounds;
      runs[kind].push(await runOnce(lab, trouble, { kind, perSecond, isToTheEnd }));
    }
  }
  const flowIn = (some: readonly Run[]): Flow => mediansOfFlows(some.map(({ healthy }) => healthy));
  const [without, troubled] = [flowIn(runs.without), flowIn(runs.troubled)];
  const healed = runs.healed.length === 0 ? null : flowIn(runs.healed);
  return {
    name,
    title,
    seconds,
    /** Medians; null where there was no such run. */
    flows: { without, healed, troubled },
    /** How far the checkpoint was behind at most, in any troubled run. */
    lagSeconds: Math.max(...runs.troubled.map(({ lagSeconds }) => lagSeconds)),
    /** Of the troubled one against the others. */
    ratios: {
      without: flowRatios(troubled, without),
      healed: healed === null ? null : flowRatios(troubled, healed),
    },
    runs,
  };
}

async function runOnce(
  lab: Lab,
  { bad, turns, seconds, settings }: Trouble,
  { kind, perSecond, isToTheEnd }: Readonly<{ kind: Kind; perSecond: number; isToTheEnd: boolean }>,
): Promise<Run> {
  const isHealthy = (account: number): boolean => !bad.has(account);
  const warmed = [...new Set(turns)].filter(isHealthy);
  const present = kind === 'without' ? turns.map((each) => (isHealthy(each) ? each : null)) : turns;
  const schedule = scheduleOf({ perSecond, seconds, turns: present });
  const accounts = schedule.map(({ account }) => account);
  const urls = endpointUrls(lab.receiver, Math.max(...turns) + 1);
  const setting = { urls, warmed, accounts, settings };
  return await withWorker(withOwnWarmUp(lab), setting, async (scene) => {
    if (kind === 'troubled') {
      const behaviours = [...bad].map(([n, behaviour]) => [endpointPath(n), behaviour] as const);
      await lab.receiver.behave(Object.fromEntries(behaviours));
    }
    const driving = drive(scene, schedule, scene.ids, lab.signal);
    const lagSeconds = await checkpointLagDuring(driving, scene.place);
    const { written, cores } = await driving;
    const toHealthy = written.filter(({ account }) => isHealthy(account));
    const healthy = await seeFlow(lab, { written: toHealthy, cores });
    return { healthy, lagSeconds, end: isToTheEnd ? await lookAtTheEnd(lab, scene.place) : null };
  });
}

/**
 * How far the saved checkpoint is behind at most until the work has ended, in seconds. What it was behind before does
 * not count: an idle worker saves seldom.
 */
export async function checkpointLagDuring(work: Promise<unknown>, { sms }: Place): Promise<number> {
  const checkpoints = sms.db.collection('notify_on_delivery_checkpoints');
  const beganAt = Date.now();
  let lagMs = 0;
  let looking = Promise.resolve();
  const look = async (): Promise<void> => {
    const row = await checkpoints.findOne({});
    const savedAt = (row?.['wallTime'] as Date | undefined)?.getTime() ?? 0;
    lagMs = Math.max(lagMs, Date.now() - Math.max(savedAt, beganAt));
  };
  const timer = setInterval(() => {
    looking = looking.then(look);
  }, 250);
  try {
    await work;
  } finally {
    clearInterval(timer);
    await looking.catch(() => undefined);
  }
  await looking;
  return lagMs / 1_000;
}

const END_LIMIT_MS = 90_000;

async function lookAtTheEnd(lab: Lab, place: Place): Promise<Stood> {
  await lab.receiver.behave({});
  const count = await place.sms.countDocuments({ deliveryStatus: { $exists: true } });
  const wanted = { which: {}, count, as: 'delivered', limitMs: END_LIMIT_MS };
  return await standWhen(lab, place, wanted);
}
