import { defaultSettings } from '../../harness/defaultSettings.ts';
import type { Settings } from '../benchWorker.ts';
import { compare } from '../compare.ts';
import { WORKER, workerContender } from '../contenders.ts';
import { attainable, inFlightBound } from '../inFlight.ts';
import type { Lab } from '../lab.ts';
import { ENDPOINTS } from '../measure.ts';
import type { Row } from '../rows.ts';
import type { Scenario } from '../scenario.ts';
import { ratioOf } from '../statistics.ts';
import type { Target } from '../targets.ts';
import { workerThroughput } from '../workerThroughput.ts';

/** Shows how much is under way at a time; reading alone calls nobody and is left out. */
export const latency20: Scenario = {
  name: 'latency20',
  title: titleFor(20),
  async run(lab) {
    const throughput = await workerThroughput(lab);
    const compared = await answeringAfter(20, lab, callersOf(lab));
    const rate = rateOf(WORKER, compared.rows);
    return {
      ...compared,
      targets: [
        {
          what: 'rate / that of throughput',
          measured: ratioOf(rate, throughput),
          target: '≥ 0.9 ×',
        },
      ],
    };
  },
};

/** What docs/operations.md comes to for 2,000 calls a second that take 200 ms. */
const advised = { MAX_IN_FLIGHT: '512', MAX_IN_FLIGHT_PER_ENDPOINT: '64' };
const ADVISED = 'worker-advised';

export const latency200: Scenario = {
  name: 'latency200',
  title: titleFor(200),
  async run(lab) {
    const throughput = await workerThroughput(lab);
    const called = { name: ADVISED, label: `the worker, ${advised.MAX_IN_FLIGHT} calls` };
    const asAdvised = workerContender(lab.receiver, advised, called);
    const compared = await answeringAfter(200, lab, [...callersOf(lab), asAdvised]);
    const target = (name: string, settings: Settings): Target => {
      const bound = inFlightBound(settings, ENDPOINTS);
      return {
        what: `rate / min(throughput, ${bound} calls / 0.2 s)`,
        measured: ratioOf(rateOf(name, compared.rows), attainable(throughput, bound, 200)),
        target: '≥ 0.9 ×',
      };
    };
    return { ...compared, targets: [target(WORKER, defaultSettings()), target(ADVISED, advised)] };
  },
};

function titleFor(delayMs: number): string {
  return `statuses at full speed, 20 endpoints that answer after ${delayMs} ms`;
}

function callersOf({ contenders }: Lab): Lab['contenders'] {
  return contenders.filter(({ seenBy }) => seenBy === 'receiver');
}

function rateOf(contender: string, rows: readonly Row[]): number | null {
  return rows.find(({ name }) => name === contender)?.perSecond ?? null;
}

async function answeringAfter(
  delayMs: number,
  lab: Lab,
  contenders: Lab['contenders'],
): ReturnType<typeof compare> {
  return await compare(lab, contenders, {
    count: lab.isQuick ? 3_000 : 20_000,
    limitMs: lab.isQuick ? 5_000 : 20_000,
    delayMs,
    perSecond: null,
  });
}
