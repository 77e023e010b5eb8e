/** Then about as long as it has waited: what was in trouble for some seconds is told some seconds after. */
const FIRST_MS = 10_000;
const LONGEST_MS = 600_000;

/** How long a notification whose route can't be looked up waits before it is asked for again. */
export function routeWaitMs(lookUpsInVain: number): number {
  return Math.min(FIRST_MS * 2 ** Math.min(lookUpsInVain, 20), LONGEST_MS);
}
