import type { Settings } from './benchWorker.ts';

/** How many calls a worker with these settings has under way at most, at so many endpoints. */
export function inFlightBound(settings: Settings, endpoints: number): number {
  const inAll = Number(settings['MAX_IN_FLIGHT']);
  const atEach = Number(settings['MAX_IN_FLIGHT_PER_ENDPOINT']);
  return Math.min(inAll, atEach * endpoints);
}

/** The rate that so many calls at a time allow, or the worker's own where that is lower. */
export function attainable(ownPerSecond: number, inFlight: number, delayMs: number): number {
  return Math.min(ownPerSecond, inFlight / (delayMs / 1_000));
}
