import type { Behaviour } from '../behaviour.ts';
import type { Settings } from '../benchWorker.ts';
import { withCheckpointLag } from '../checkpointLag.ts';
import { flowRatios, mediansOfFlows, type Flow, type FlowRatios } from '../flow.ts';
import type { Lab } from '../lab.ts';
import { scheduleOf } from '../openLoop.ts';
import type { Place } from '../places.ts';
import { endpointPath } from '../receiver.ts';
import { drive, seeFlow } from '../seeFlow.ts';
import { standWhen, type Stood } from '../standings.ts';
import { withOwnWarmUp, withWorker } from '../withWorker.ts';

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

export interface Compared {
  readonly name: string;
  readonly title: string;
  readonly seconds: number;
  /** Medians; null where there was no such run. */
  readonly flows: Readonly<{ without: Flow; healed: Flow | null; troubled: Flow }>;
  /** How far the checkpoint was behind at most, in any troubled run. */
  readonly lagSeconds: number;
  /** Of the troubled one against the others. */
  readonly ratios: Readonly<{ without: FlowRatios; healed: FlowRatios | null }>;
  readonly runs: Readonly<Record<Kind, readonly Run[]>>;
}

/** In rounds, so that a slow minute of the machine meets all; the last one looks at the end, too. */
export async function compareTroubled(
  lab: Lab,
  trouble: Trouble,
  perSecond: number,
): Promise<Compared> {
  const runs: Record<Kind, Run[]> = { without: [], healed: [], troubled: [] };
  for (let round = 1; round <= lab.rounds; round += 1) {
    for (const kind of [...trouble.controls, 'troubled'] as const) {
      lab.tell(`round ${round} of ${lab.rounds}: ${trouble.name}, ${kind}`);
      const isToTheEnd = kind === 'troubled' && round === lab.rounds;
      runs[kind].push(await runOnce(lab, trouble, { kind, perSecond, isToTheEnd }));
    }
  }
  const flowIn = (some: readonly Run[]): Flow => mediansOfFlows(some.map(({ healthy }) => healthy));
  const [without, troubled] = [flowIn(runs.without), flowIn(runs.troubled)];
  const healed = runs.healed.length === 0 ? null : flowIn(runs.healed);
  const { name, title, seconds } = trouble;
  return {
    name,
    title,
    seconds,
    flows: { without, healed, troubled },
    lagSeconds: Math.max(...runs.troubled.map(({ lagSeconds }) => lagSeconds)),
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
  {
    kind,
    perSecond,
    isToTheEnd,
  }: { readonly kind: Kind; readonly perSecond: number; readonly isToTheEnd: boolean },
): Promise<Run> {
  const isHealthy = (account: number): boolean => !bad.has(account);
  const healthy = [...new Set(turns)].filter(isHealthy);
  const present = kind === 'without' ? turns.map((each) => (isHealthy(each) ? each : null)) : turns;
  const schedule = scheduleOf({ perSecond, seconds, turns: present });
  const accounts = schedule.map(({ account }) => account);
  const endpoints = Math.max(...turns) + 1;
  const setting = { endpoints, warmed: healthy, accounts, settings };
  return await withWorker(withOwnWarmUp(lab), setting, async (scene) => {
    if (kind === 'troubled') {
      const behaviours = [...bad].map(([n, behaviour]) => [endpointPath(n), behaviour] as const);
      await lab.receiver.behave(Object.fromEntries(behaviours));
    }
    const { result, lagSeconds } = await withCheckpointLag(
      scene.place,
      async () => await drive(scene, schedule, scene.ids, lab.signal),
    );
    const { written, cores } = result;
    const toHealthy = written.filter(({ account }) => isHealthy(account));
    const flow = await seeFlow(lab, { written: toHealthy, cores });
    const end = isToTheEnd ? await lookAtTheEnd(lab, scene.place) : null;
    return { healthy: flow, lagSeconds, end };
  });
}

const END_LIMIT_MS = 90_000;

async function lookAtTheEnd(lab: Lab, place: Place): Promise<Stood> {
  await lab.receiver.behave({});
  const count = await place.sms.countDocuments({ deliveryStatus: { $exists: true } });
  const wanted = { which: {}, count, as: 'delivered', limitMs: END_LIMIT_MS };
  return await standWhen(lab, place, wanted);
}
