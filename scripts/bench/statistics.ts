/** Milliseconds. */
export type Percentiles = Readonly<Record<'p50' | 'p99' | 'p999', number>>;

/** Nearest rank: a value that was measured, never one in between. Null of nothing. */
export function percentilesOf(values: readonly number[]): Percentiles | null {
  if (values.length === 0) return null;
  const sorted = Float64Array.from(values).sort();
  const rank = (share: number): number =>
    // Rounded first, as 0.999 times 1000 must not come out as more than 999.
    sorted[Math.max(1, Math.ceil(Number((share * sorted.length).toFixed(6)))) - 1] ?? Number.NaN;
  return { p50: rank(0.5), p99: rank(0.99), p999: rank(0.999) };
}

/** Of an even number the mean of the middle two. NaN of nothing. */
export function median(values: readonly number[]): number {
  const sorted = Float64Array.from(values).sort();
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/** The median of those that have a value; null where none has. */
export function medianOfSome(values: readonly (number | null)[]): number | null {
  const present = values.filter((value) => value !== null);
  return present.length === 0 ? null : median(present);
}

/** Each by itself. */
export function medianPercentiles(all: readonly Percentiles[]): Percentiles {
  return {
    p50: median(all.map(({ p50 }) => p50)),
    p99: median(all.map(({ p99 }) => p99)),
    p999: median(all.map(({ p999 }) => p999)),
  };
}

/** From the first of these moments, in microseconds, to the last. NaN for fewer than two. */
export function perSecondOf(momentsUs: Iterable<number>): number {
  const sorted = Float64Array.from(momentsUs).sort();
  const us = (sorted.at(-1) ?? Number.NaN) - (sorted[0] ?? Number.NaN);
  return us === 0 ? Number.NaN : sorted.length / (us / 1_000_000);
}

/** Null where one of the values is missing or the second is 0. */
export function ratioOf(value: number | null, other: number | null): number | null {
  return value === null || other === null || other === 0 ? null : value / other;
}
