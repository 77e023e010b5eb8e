const SAMPLE_MS = 250;
/** The share of a sample's time spent in callbacks from which the loop counts as busy. */
const BUSY_SHARE = 0.9;

/**
 * Whether this process has lately had hardly a moment with nothing to do, by Node's event loop utilization. Then how
 * long anything takes says more of this process, or of its machine, than of whom it waits for. Cheap enough to be asked
 * for each call: the loop is looked at once in a quarter of a second.
 */
export function createBusyLoop(): () => boolean {
  let sampled = performance.eventLoopUtilization();
  let sampledAt = performance.now();
  let isBusy = false;
  return () => {
    const now = performance.now();
    if (now - sampledAt < SAMPLE_MS) return isBusy;
    const present = performance.eventLoopUtilization();
    isBusy = performance.eventLoopUtilization(present, sampled).utilization >= BUSY_SHARE;
    sampled = present;
    sampledAt = now;
    return isBusy;
  };
}
