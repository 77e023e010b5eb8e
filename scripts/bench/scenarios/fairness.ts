import { compareTroubled, type Compared, type Trouble } from '../fairness/compareTroubled.ts';
import { figure, whole } from '../figures.ts';
import { flowPlot, flowsToText, flowTargets, type LabelledFlow } from '../flowText.ts';
import type { Lab } from '../lab.ts';
import type { BarPlot } from '../plots/plot.ts';
import type { Scenario } from '../scenario.ts';
import { toText as standingsToText } from '../standings.ts';
import type { Target } from '../targets.ts';
import { workerThroughput } from '../workerThroughput.ts';

const ENDPOINTS = 100;
/** Of so many with some that are slow. */
const MANY_ENDPOINTS = 200;
const SLOW_COUNTS = [4, 12, 40] as const;
const all = Array.from({ length: ENDPOINTS }, (_, n) => n);

/** What good endpoints notice of bad ones. */
export const fairness: Scenario = {
  name: 'fairness',
  title: 'what good endpoints notice of bad ones, at half of the throughput',
  async run(lab) {
    const throughput = await workerThroughput(lab);
    const perSecond = Math.round(throughput / 2);
    const compared = [
      await compareTroubled(lab, threeBad(lab), perSecond),
      await compareTroubled(lab, slowHalf(lab), perSecond),
    ];
    for (const count of SLOW_COUNTS) {
      compared.push(await compareTroubled(lab, manySlow(lab, count), perSecond));
    }
    const intro = [
      `Measured throughput ${whole(throughput)}/s; ${perSecond} statuses a second, on a schedule. The figures`,
      'are those of the healthy endpoints, the latency from when a status was due.',
    ];
    const text = [intro.join('\n'), ...compared.map(toText)].join('\n\n');
    return {
      text,
      data: { throughput, perSecond, compared },
      targets: compared.flatMap(targetsOf),
      plots: compared.map(plotOf),
    };
  },
};

function threeBad({ isQuick }: Lab): Trouble {
  return {
    name: 'three-bad',
    title: 'One of 100 endpoints hangs, one answers 500, one answers after 2 s',
    bad: new Map([
      [0, { hang: true }],
      [1, { statusCode: 500 }],
      [2, { delayMs: 2_000 }],
    ]),
    turns: all,
    controls: ['without'],
    // Longer than a call may take.
    seconds: isQuick ? 5 : 18,
    settings: isQuick
      ? {
          REQUEST_TIMEOUT: '3s',
          CONNECT_TIMEOUT: '3s',
          RETRY_SCHEDULE: '3s,3s,3s,3s',
          BREAKER_COOLDOWN: '3s',
        }
      : {},
  };
}

function slowHalf({ isQuick }: Lab): Trouble {
  return {
    name: 'slow-half',
    title: 'One of 100 endpoints answers after 10 s and gets half of all statuses',
    bad: new Map([[0, { delayMs: 10_000 }]]),
    turns: all.slice(1).flatMap((healthy) => [0, healthy]),
    // Without its statuses half of the load is gone, too.
    controls: ['without', 'healed'],
    // Longer than its first calls take.
    seconds: isQuick ? 6 : 12,
    settings: {},
  };
}

/** Eight of them can use all slots there are. */
function manySlow({ isQuick }: Lab, count: number): Trouble {
  const turns = Array.from({ length: MANY_ENDPOINTS }, (_, n) => n);
  const seconds = isQuick ? 4 : 10;
  return {
    name: `slow-${count}`,
    title: `${count} of ${MANY_ENDPOINTS} endpoints answer after ${seconds} s`,
    bad: new Map(turns.slice(0, count).map((n) => [n, { delayMs: 1_000 * seconds }])),
    turns,
    controls: ['without'],
    // Longer than the calls that begin before they are known take, and than what comes after those.
    seconds: isQuick ? 10 : 25,
    settings: {},
  };
}

function toText({ title, runs, lagSeconds, ...compared }: Compared): string {
  const { troubled, controls } = labelled(compared);
  const ends = runs.troubled.flatMap(({ end }) => end ?? []);
  return [
    `${title}:`,
    flowsToText(troubled, controls),
    `The checkpoint was ${figure(lagSeconds)} s behind at most.`,
    ...ends.map(
      ({ standings, afterSeconds }) =>
        `Of all, ${figure(afterSeconds)} s after the bad were healed: ${standingsToText(standings)}.`,
    ),
  ].join('\n');
}

function labelled({ flows: { without, healed, troubled } }: Pick<Compared, 'flows'>): {
  readonly troubled: LabelledFlow;
  readonly controls: readonly LabelledFlow[];
} {
  const controls = [{ label: 'without', flow: without }];
  if (healed !== null) controls.push({ label: 'not slow', flow: healed });
  return { troubled: { label: 'with', flow: troubled }, controls };
}

function targetsOf({ name, ratios, lagSeconds }: Compared): readonly Target[] {
  const { without, healed } = ratios;
  if (name.startsWith('slow-') && healed === null) {
    const what = `checkpoint lag, ${name}, s`;
    return [
      ...flowTargets(`${name} / without`, without, '≤ 2 ×'),
      { what, measured: lagSeconds, target: '≤ 5' },
    ];
  }
  return [
    ...flowTargets(`${name} / without`, without),
    ...(healed === null ? [] : flowTargets(`${name} / not slow`, healed)),
  ];
}

function plotOf({ name, title, ...compared }: Compared): BarPlot {
  const { troubled, controls } = labelled(compared);
  const named = { name, title: `healthy endpoints' latency: ${lowerFirst(title)}` };
  return flowPlot(named, troubled, controls);
}

function lowerFirst(text: string): string {
  return text.slice(0, 1).toLowerCase() + text.slice(1);
}
