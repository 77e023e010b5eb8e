import { startBenchWorker, type Settings } from './benchWorker.ts';
import type { Lab } from './lab.ts';
import { seedFor, writeAtOnce } from './load.ts';
import { warmUp } from './measure.ts';
import type { Place } from './places.ts';
import { endpointUrls } from './receiver.ts';

interface Setting {
  readonly endpoints: number;
  /** Those that the warm-up is for; it is to leave no trace at the others. */
  readonly warmed: readonly number[];
  /** One SMS without a status is put in place for each of these. */
  readonly accounts: readonly number[];
  readonly settings: Settings;
}

/** What there is while the worker runs, warm and at rest, with endpoints that answer at once. */
export interface Scene {
  readonly place: Place;
  /** The worker's. */
  readonly pid: number;
  /** Of the SMS, in the order of the accounts. */
  readonly ids: readonly string[];
}

/** The lab with a warm-up just long enough for the worker to keep up from the start. */
export function withOwnWarmUp(lab: Lab): Lab {
  return { ...lab, warmUp: lab.isQuick ? 1_000 : 2_000 };
}

/** Has the worker run at a place of its own for as long as `use` takes. */
export async function withWorker<T>(
  lab: Lab,
  { endpoints, warmed, accounts, settings }: Setting,
  use: (scene: Scene) => Promise<T>,
): Promise<T> {
  const place = await lab.openPlace(endpointUrls(lab.receiver, endpoints));
  try {
    const forWarmUp = Array.from(
      { length: lab.warmUp },
      (_, n) => warmed[n % warmed.length] ?? Number.NaN,
    );
    const ids = await seedFor(place.sms, [...forWarmUp, ...accounts]);
    await lab.receiver.reset();
    const running = await startBenchWorker(place.site, lab.receiver, settings);
    try {
      await warmUp(lab, running, lab.warmUp, async (signal) => {
        await writeAtOnce(place.sms, ids.slice(0, lab.warmUp), signal);
      });
      await lab.receiver.reset();
      return await use({ place, pid: running.pid, ids: ids.slice(lab.warmUp) });
    } finally {
      await running.end();
    }
  } finally {
    await place.clear();
  }
}
