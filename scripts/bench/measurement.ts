import { median, medianOfSome, medianPercentiles, type Percentiles } from './statistics.ts';

/** CPU time per notification. */
type ServerCost = Readonly<Record<'cpuUs' | 'peakRssMb', number>>;

/** One contender, once, or the medians of several times. */
export interface Measurement {
  /** Notifications that have arrived within the limit. */
  readonly count: number;
  /** All have. */
  readonly isComplete: boolean;
  readonly perSecond: number;
  /** Of the contender, per notification. */
  readonly cpuUs: number;
  /** The same, of its main thread only. */
  readonly mainCpuUs: number;
  /** Likewise; null where it has no part in it. */
  readonly mongodCpuUs: number | null;
  /** Of servers that only the contender needs, by their names. */
  readonly servers: Readonly<Record<string, ServerCost>>;
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
  const latencies = runs.map(({ latencyMs }) => latencyMs).filter((each) => each !== null);
  const unrecorded = runs.map((run) => run.unrecorded).filter((value) => value !== null);
  return {
    count: of(({ count }) => count),
    isComplete: runs.every(({ isComplete }) => isComplete),
    perSecond: of(({ perSecond }) => perSecond),
    cpuUs: of(({ cpuUs }) => cpuUs),
    mainCpuUs: of(({ mainCpuUs }) => mainCpuUs),
    mongodCpuUs: medianOfSome(runs.map(({ mongodCpuUs }) => mongodCpuUs)),
    servers: serversOf(runs),
    latencyMs: latencies.length === 0 ? null : medianPercentiles(latencies),
    peakRssMb: of(({ peakRssMb }) => peakRssMb),
    idleCpu: medianOfSome(runs.map(({ idleCpu }) => idleCpu)),
    repeated: sum(runs.map(({ repeated }) => repeated)),
    unrecorded: unrecorded.length === 0 ? null : sum(unrecorded),
  };
}

function serversOf(runs: readonly Measurement[]): Measurement['servers'] {
  const names = Object.keys(runs[0]?.servers ?? {});
  const of = (name: string, figure: keyof ServerCost): number =>
    median(runs.map(({ servers }) => servers[name]?.[figure] ?? Number.NaN));
  return Object.fromEntries(
    names.map((name) => [name, { cpuUs: of(name, 'cpuUs'), peakRssMb: of(name, 'peakRssMb') }]),
  );
}

function sum(values: readonly number[]): number {
  return values.reduce((all, one) => all + one, 0);
}
