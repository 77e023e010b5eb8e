/** A partition that this worker has. */
export interface HeldPartition {
  /** From when on no call of whoever had it before can be running, by a steady clock in milliseconds. */
  readonly availableAt: number;
}

/**
 * How many calls this worker may have in flight at one endpoint, as its share of the bound over all workers: a part for
 * each of its partitions, of `count` in all. A partition just taken over counts once `availableAt` is past, since what
 * its former worker had in flight counts there until then. One at least, or nothing of its partitions would be called.
 *
 * The shares of workers whose numbers of partitions differ by one at most, as a balanced group's do, add up to no more
 * than the bound, unless there are more workers than that.
 */
export function shareOfBound(
  bound: number,
  partitions: Iterable<HeldPartition>,
  count: number,
  now: number,
): number {
  let available = 0;
  for (const { availableAt } of partitions) if (availableAt <= now) available += 1;
  return Math.max(1, Math.floor((bound * available) / Math.max(1, count)));
}
