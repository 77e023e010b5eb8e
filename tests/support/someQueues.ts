import type { BreakerSettings } from '../../src/endpoints/breaker.ts';
import type { BreakerWatcher } from '../../src/endpoints/breaker.ts';
import { createEndpointQueues, type EndpointQueues } from '../../src/endpoints/queues.ts';

/** Never reached: the share of failures is 1 at most. */
const neverOpens: BreakerSettings = { threshold: 2, cooldownMs: 30_000 };

/** Queues with these bounds in a process that has time to spare, and breakers that never open unless asked to. */
export function someQueues(options: {
  readonly maxInFlight: number;
  readonly maxInFlightPerEndpoint: number;
  readonly freshLimit?: number;
  readonly breaker?: BreakerSettings;
  isBusy?(): boolean;
  onInFlight?(count: number): void;
  onBreakersOpen?(count: number): void;
  readonly breakerWatcher?: BreakerWatcher;
}): EndpointQueues {
  return createEndpointQueues({
    breaker: neverOpens,
    freshLimit: 1_000,
    isBusy: () => false,
    ...options,
  });
}
