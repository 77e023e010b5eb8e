import type { Statistics } from '../../src/ports/statistics.ts';
import type { LoopHealth, Metrics } from '../../src/ports/telemetry.ts';

/** What was told to a port that only listens: the method, then its arguments. */
export type Reported = readonly [method: string, ...arguments_: unknown[]];

/** Metrics that keep what they were told. */
export function createRecordingMetrics(): Metrics & { readonly reported: readonly Reported[] } {
  const reported: Reported[] = [];
  const keep =
    (method: string) =>
    (...values: unknown[]): void => {
      reported.push([method, ...values]);
    };
  return {
    reported,
    notificationEnded: keep('notificationEnded'),
    notNotified: keep('notNotified'),
    attempted: keep('attempted'),
    delivered: keep('delivered'),
    inFlight: keep('inFlight'),
    breakersOpen: keep('breakersOpen'),
    streamRead: keep('streamRead'),
    streamReopened: keep('streamReopened'),
    gapFound: keep('gapFound'),
    checkpointAt: keep('checkpointAt'),
    recordFailed: keep('recordFailed'),
    rowUnreadable: keep('rowUnreadable'),
    httpThreadEnded: keep('httpThreadEnded'),
    routeLookup: keep('routeLookup'),
    leaseHeld: keep('leaseHeld'),
  };
}

/** Statistics that keep what they were told. */
export function createRecordingStatistics(): Statistics & {
  readonly reported: readonly Reported[];
} {
  const reported: Reported[] = [];
  return {
    reported,
    attempted: (...values) => void reported.push(['attempted', ...values]),
    notificationEnded: (...values) => void reported.push(['notificationEnded', ...values]),
  };
}

/** Health that keeps what it was told. */
export function createRecordingHealth(): LoopHealth & { readonly reported: readonly Reported[] } {
  const reported: Reported[] = [];
  return {
    reported,
    streamOpen: () => void reported.push(['streamOpen']),
    standby: () => void reported.push(['standby']),
    streamDown: (detail) => void reported.push(['streamDown', detail]),
    turned: (loop) => void reported.push(['turned', loop]),
    waits: (loop) => void reported.push(['waits', loop]),
  };
}

/** Whether a promise has acknowledged yet, without waiting for it. */
export function watch(promise: Promise<unknown>): { readonly isSettled: boolean } {
  let isSettled = false;
  const settle = (): void => {
    isSettled = true;
  };
  promise.then(settle, settle);
  return {
    get isSettled() {
      return isSettled;
    },
  };
}
