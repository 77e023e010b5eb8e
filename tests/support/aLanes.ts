import type { BreakerSettings } from '../../src/domain/breaker.ts';
import { createLanes, type Lanes } from '../../src/pipeline/lanes.ts';

/** Never reached: the share of failures is 1 at most. */
const neverOpens: BreakerSettings = { threshold: 2, cooldownMs: 30_000 };

/** Lanes with these bounds, and breakers that never open unless told otherwise. */
export function aLanes(options: {
  readonly maxInFlight: number;
  readonly maxInFlightPerEndpoint: number;
  readonly newsLimit?: number;
  readonly breaker?: BreakerSettings;
  onInFlight?(count: number): void;
  onBreakersOpen?(count: number): void;
}): Lanes {
  return createLanes({ breaker: neverOpens, newsLimit: 1_000, ...options });
}
