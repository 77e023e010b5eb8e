import type { Contender } from './contender.ts';
import type { Lab } from './lab.ts';
import { seed } from './load.ts';
import { ENDPOINTS, measureAt, type Plan } from './measure.ts';
import type { Measurement } from './measurement.ts';
import type { Place } from './places.ts';
import { endpointUrls } from './receiver.ts';

/** A collection of so many SMS, that measurements take theirs from. */
export interface Stock {
  /** On SMS that no measurement has had, from all over the collection. A new one is made when it runs out. */
  measure(contender: Contender, plan: Plan): Promise<Measurement>;
  clear(): Promise<void>;
}

export function createStock(lab: Lab, documents: number): Stock {
  let place: Place | null = null;
  let unused: string[] = [];
  const clear = async (): Promise<void> => {
    await place?.clear();
    place = null;
  };
  const renew = async (): Promise<Place> => {
    await clear();
    place = await lab.openPlace(endpointUrls(lab.receiver, ENDPOINTS));
    unused = shuffled(await seed(place.sms, documents, ENDPOINTS));
    return place;
  };
  return {
    async measure(contender, plan) {
      const wanted = lab.warmUp + plan.count;
      const at = place === null || unused.length < wanted ? await renew() : place;
      return await measureAt(at, unused.splice(0, wanted), { lab, contender, plan });
    },
    clear,
  };
}

function shuffled(ids: readonly string[]): string[] {
  const keyed = ids.map((id) => ({ id, key: Math.random() }));
  return keyed.sort((one, other) => one.key - other.key).map(({ id }) => id);
}
