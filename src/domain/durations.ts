/** Bounds grow by half a power of two, from 1 ms to 65.5 s: a quantile read from them is off by a factor of 1.4 at most. */
const PER_DOUBLING = 2;

/** The last also holds all that took longer. */
export const DURATION_BUCKETS = 33;

/** Which of the buckets a duration belongs to. */
export function durationBucket(ms: number): number {
  if (!(ms > 1)) return 0;
  return Math.min(DURATION_BUCKETS - 1, Math.ceil(PER_DOUBLING * Math.log2(ms)));
}

/** In ms; what is in the bucket took no longer. */
export function boundOf(bucket: number): number {
  return 2 ** (bucket / PER_DOUBLING);
}

/**
 * What this share of durations did not exceed, in ms, from how many each bucket has; null when there are none. Within
 * a bucket they are taken to be spread evenly over its logarithm.
 */
export function durationQuantile(counts: readonly number[], share: number): number | null {
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total === 0) return null;
  const rank = Math.max(1, Math.ceil(share * total));
  let before = 0;
  for (const [bucket, count] of counts.entries()) {
    if (before + count >= rank) return boundOf(bucket - 1 + (rank - before) / count);
    before += count;
  }
  return boundOf(counts.length - 1);
}
