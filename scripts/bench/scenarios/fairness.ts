import { compareTroubled, type Compared, type Trouble } from '../compareTroubled.ts';
import { flowPlot, flowsToText, flowTargets, type LabelledFlow } from '../flow.ts';
import type { Lab } from '../lab.ts';
import { endpoints } from '../measure.ts';
import type { BarPlot } from '../plot.ts';
import { target, type Target } from '../report.ts';
import type { Scenario } from '../scenario.ts';
import { standingsToText } from '../standings.ts';
import { figure, whole } from '../text.ts';
import { workerThroughput } from './throughput.ts';

const SLOW_COUNTS = [4, 12, 40] as const;
const all = endpoints(100);
/** With some that are slow. */
const many = endpoints(200);

/** What good endpoints notice of bad ones. */
export const fairness: Scenario = {
  name: 'fairness',
  title: 'how failing endpoints affect the others, at half of the throughput',
  async run(lab) {
    const throughput = await workerThroughput(lab);
    const perSecond = Math.round(throughput / 2);
    const slow = SLOW_COUNTS.map((count) => manySlow(lab, count));
    const compared: Compared[] = [];
    for (const trouble of [threeBad(lab), slowHalf(lab), ...slow]) {
      compared.push(await compareTroubled(lab, trouble, perSecond));
    }
    const intro = [
      `Measured throughput ${whole(throughput)}/s; ${perSecond} statuses a second, on a schedule. The figures`,
      'are those of the healthy endpoints, the latency from when a status was due.',
    ];
    return {
      text: [intro.join('\n'), ...compared.map(toText)].join('\n\n'),
      data: { throughput, perSecond, compared },
      targets: compared.flatMap(targetsOf),
      plots: compared.map(plotOf),
    };
  },
};

const quickSettings = {
  REQUEST_TIMEOUT: '3s',
  CONNECT_TIMEOUT: '3s',
  RETRY_SCHEDULE: '3s,3s,3s,3s',
  BREAKER_COOLDOWN: '3s',
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
    settings: isQuick ? quickSettings : {},
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
  const seconds = isQuick ? 4 : 10;
  return {
    name: `slow-${count}`,
    title: `${count} of ${many.length} endpoints answer after ${seconds} s`,
    bad: new Map(many.slice(0, count).map((n) => [n, { delayMs: 1_000 * seconds }])),
    turns: many,
    controls: ['without'],
    // Longer than the calls that begin before they are known take, and than what comes after those.
    seconds: isQuick ? 10 : 25,
    settings: {},
  };
}

function toText({ title, runs, lagSeconds, flows }: Compared): string {
  const ends = runs.troubled.flatMap(({ end }) => end ?? []);
  return [
    `${title}:`,
    flowsToText(...labelled(flows)),
    `The checkpoint was ${figure(lagSeconds)} s behind at most.`,
    ...ends.map(
      ({ standings, afterSeconds }) =>
        `Of all, ${figure(afterSeconds)} s after the failing endpoints recovered: ${standingsToText(standings)}.`,
    ),
  ].join('\n');
}

function labelled({
  without,
  healed,
  troubled,
}: Compared['flows']): [subject: LabelledFlow, controls: readonly LabelledFlow[]] {
  const controls = [{ label: 'without', flow: without }];
  if (healed !== null) controls.push({ label: 'not slow', flow: healed });
  return [{ label: 'with', flow: troubled }, controls];
}

function targetsOf({ name, ratios, lagSeconds }: Compared): readonly Target[] {
  const { without, healed } = ratios;
  if (name.startsWith('slow-') && healed === null) {
    return [
      ...flowTargets(`${name} / without`, without, '≤ 2 ×'),
      target(`checkpoint lag, ${name}, s`, lagSeconds, '≤ 5'),
    ];
  }
  return [
    ...flowTargets(`${name} / without`, without),
    ...(healed === null ? [] : flowTargets(`${name} / not slow`, healed)),
  ];
}

function plotOf({ name, title, flows }: Compared): BarPlot {
  const lowerFirst = title.slice(0, 1).toLowerCase() + title.slice(1);
  const named = { name, title: `healthy endpoints' latency: ${lowerFirst}` };
  return flowPlot(named, ...labelled(flows));
}
