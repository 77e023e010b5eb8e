import type { Written } from './openLoop.ts';
import { median, percentilesOf, ratioOf, type Percentiles } from './statistics.ts';

/** How statuses that were written on a schedule have arrived. */
export interface Flow {
  readonly count: number;
  /** Arrivals in the time of writing. */
  readonly perSecond: number;
  /** From when the status was due; of one that has not arrived up to the end, so at least that. */
  readonly latencyMs: Percentiles;
  readonly missing: number;
  /** How late the writing itself was: the 99th percentile. */
  readonly lagMs: number;
  /** CPU time of the worker in the time of writing, in that time. */
  readonly cores: number;
}

/** What was written, and what the worker needed meanwhile. */
export interface Writing {
  readonly written: readonly Written[];
  readonly cores: number;
}

/** @param endUs when the arrivals were looked at */
export function flowOf(
  { written, cores }: Writing,
  arrivals: ReadonlyMap<string, number>,
  endUs: number,
): Flow {
  const fromUs = written[0]?.dueUs ?? endUs;
  const toUs = written.at(-1)?.dueUs ?? endUs;
  const arrived = written.map(({ notificationId }) => arrivals.get(notificationId));
  const inTime = arrived.filter((atUs) => atUs !== undefined && atUs <= toUs).length;
  return {
    count: written.length,
    perSecond: inTime / ((toUs - fromUs) / 1_000_000),
    latencyMs: percentiles(written.map(({ dueUs }, n) => ((arrived[n] ?? endUs) - dueUs) / 1_000)),
    missing: arrived.filter((atUs) => atUs === undefined).length,
    lagMs: percentiles(written.map(({ dueUs, sentUs }) => (sentUs - dueUs) / 1_000)).p99,
    cores,
  };
}

function percentiles(values: readonly number[]): Percentiles {
  return percentilesOf(values) ?? { p50: Number.NaN, p99: Number.NaN, p999: Number.NaN };
}

/** Field by field; `missing` is a sum, so that no good run hides a bad one. */
export function mediansOfFlows(flows: readonly Flow[]): Flow {
  const of = (pick: (flow: Flow) => number): number => median(flows.map(pick));
  return {
    count: of(({ count }) => count),
    perSecond: of(({ perSecond }) => perSecond),
    latencyMs: {
      p50: of(({ latencyMs }) => latencyMs.p50),
      p99: of(({ latencyMs }) => latencyMs.p99),
      p999: of(({ latencyMs }) => latencyMs.p999),
    },
    missing: flows.reduce((sum, { missing }) => sum + missing, 0),
    lagMs: of(({ lagMs }) => lagMs),
    cores: of(({ cores }) => cores),
  };
}

/** The first divided by the second. */
export interface FlowRatios {
  readonly perSecond: number | null;
  readonly p50: number | null;
  readonly p99: number | null;
  readonly p999: number | null;
}

export function flowRatios(flow: Flow, other: Flow): FlowRatios {
  const of = (pick: (each: Flow) => number): number | null => ratioOf(pick(flow), pick(other));
  return {
    perSecond: of(({ perSecond }) => perSecond),
    p50: of(({ latencyMs }) => latencyMs.p50),
    p99: of(({ latencyMs }) => latencyMs.p99),
    p999: of(({ latencyMs }) => latencyMs.p999),
  };
}
