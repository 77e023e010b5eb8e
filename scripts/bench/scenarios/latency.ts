import { defaultSettings } from '../../harness/builtWorker.ts';
import type { Settings } from '../benchWorker.ts';
import { compare } from '../compare.ts';
import type { Contender } from '../contender.ts';
import { WORKER, workerContender } from '../contenders.ts';
import type { Lab } from '../lab.ts';
import { ENDPOINTS } from '../measure.ts';
import { target, type Target } from '../report.ts';
import type { Row } from '../rows.ts';
import type { Scenario } from '../scenario.ts';
import { ratioOf } from '../statistics.ts';
import { workerThroughput } from './throughput.ts';

/** Shows how much is under way at a time; reading alone calls nobody and is left out. */
export const latency20: Scenario = {
  name: 'latency20',
  title: titleFor(20),
  async run(lab) {
    const throughput = await workerThroughput(lab);
    const compared = await answeringAfter(20, lab);
    const measured = ratioOf(rateOf(WORKER, compared.rows), throughput);
    return {
      ...compared,
      targets: [target('rate / that of throughput', measured, '≥ 0.9 ×')],
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
    const compared = await answeringAfter(200, lab, [
      workerContender(lab.receiver, advised, called),
    ]);
    const attained = (name: string, settings: Settings): Target => {
      const bound = inFlightBound(settings, ENDPOINTS);
      const rate = ratioOf(rateOf(name, compared.rows), attainable(throughput, bound, 200));
      return target(`rate / min(throughput, ${bound} calls / 0.2 s)`, rate, '≥ 0.9 ×');
    };
    return {
      ...compared,
      targets: [attained(WORKER, defaultSettings()), attained(ADVISED, advised)],
    };
  },
};

function titleFor(delayMs: number): string {
  return `statuses at full speed, 20 endpoints that answer after ${delayMs} ms`;
}

function rateOf(contender: string, rows: readonly Row[]): number | null {
  return rows.find(({ name }) => name === contender)?.perSecond ?? null;
}

/** How many calls a worker with these settings has under way at most, at so many endpoints. */
export function inFlightBound(settings: Settings, endpoints: number): number {
  const inAll = Number(settings['MAX_IN_FLIGHT']);
  const atEach = Number(settings['MAX_IN_FLIGHT_PER_ENDPOINT']);
  return Math.min(inAll, atEach * endpoints);
}

/** The rate that so many calls at a time allow, or the worker's own where that is lower. */
export function attainable(ownPerSecond: number, inFlight: number, delayMs: number): number {
  return Math.min(ownPerSecond, inFlight / (delayMs / 1_000));
}

async function answeringAfter(
  delayMs: number,
  lab: Lab,
  others: readonly Contender[] = [],
): ReturnType<typeof compare> {
  const callers = lab.contenders.filter(({ seenBy }) => seenBy === 'receiver');
  return await compare(lab, [...callers, ...others], {
    count: lab.isQuick ? 3_000 : 20_000,
    limitMs: lab.isQuick ? 5_000 : 20_000,
    delayMs,
    perSecond: null,
  });
}
