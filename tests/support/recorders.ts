import type { LoopHealth, Metrics } from '../../src/pipeline/ports.ts';

/** What was told to a port that only listens: the method, then its arguments. */
export type Told = readonly [method: string, ...arguments_: unknown[]];

/** Metrics that keep what they were told. */
export function createRecordingMetrics(): Metrics & { readonly told: readonly Told[] } {
  const told: Told[] = [];
  const keep =
    (method: string) =>
    (...values: unknown[]): void => {
      told.push([method, ...values]);
    };
  return {
    told,
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
    routeLookup: keep('routeLookup'),
    leaseHeld: keep('leaseHeld'),
  };
}

/** Health that keeps what it was told. */
export function createRecordingHealth(): LoopHealth & { readonly told: readonly Told[] } {
  const told: Told[] = [];
  return {
    told,
    streamOpen: () => void told.push(['streamOpen']),
    standby: () => void told.push(['standby']),
    streamDown: (detail) => void told.push(['streamDown', detail]),
    turned: (loop) => void told.push(['turned', loop]),
    waits: (loop) => void told.push(['waits', loop]),
  };
}

/** Whether a promise has settled yet, without waiting for it. */
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
