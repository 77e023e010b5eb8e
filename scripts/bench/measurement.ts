import { median, type Percentiles } from './statistics.ts';

/** One contender, once, or the medians of several times. */
export interface Measurement {
  /** Notifications that have arrived within the limit. */
  readonly count: number;
  /** All have. */
  readonly isComplete: boolean;
  readonly perSecond: number;
  /** Of the contender, per notification. */
  readonly cpuUs: number;
  /** Likewise; null where it has no part in it. */
  readonly mongodCpuUs: number | null;
  /** From the write of the status to its arrival; null where no status was written. */
  readonly latencyMs: Percentiles | null;
  readonly peakRssMb: number;
  /** The share of a core it takes with nothing to do; null where that was not measured. */
  readonly idleCpu: number | null;
  /** Calls for what had arrived before. */
  readonly repeated: number;
  /** Answered and without a record; null where it keeps none or was cut off. */
  readonly unrecorded: number | null;
}

/** Field by field. What went wrong once counts: `repeated` and `unrecorded` are sums. */
export function mediansOf(runs: readonly Measurement[]): Measurement {
  const of = (pick: (run: Measurement) => number): number => median(runs.map(pick));
  const ofSome = (pick: (run: Measurement) => number | null): number | null => {
    const values = runs.map(pick).filter((value) => value !== null);
    return values.length === 0 ? null : median(values);
  };
  const sum = (values: readonly number[]): number => values.reduce((all, one) => all + one, 0);
  const latency = (name: keyof Percentiles): number | null =>
    ofSome(({ latencyMs }) => latencyMs?.[name] ?? null);
  const [p50, p99, p999] = [latency('p50'), latency('p99'), latency('p999')];
  const unrecorded = runs.map((run) => run.unrecorded).filter((value) => value !== null);
  return {
    count: of((run) => run.count),
    isComplete: runs.every((run) => run.isComplete),
    perSecond: of((run) => run.perSecond),
    cpuUs: of((run) => run.cpuUs),
    mongodCpuUs: ofSome((run) => run.mongodCpuUs),
    latencyMs: p50 === null || p99 === null || p999 === null ? null : { p50, p99, p999 },
    peakRssMb: of((run) => run.peakRssMb),
    idleCpu: ofSome((run) => run.idleCpu),
    repeated: sum(runs.map((run) => run.repeated)),
    unrecorded: unrecorded.length === 0 ? null : sum(unrecorded),
  };
}
