import type { Settings } from '../benchWorker.ts';
import type { Lab } from '../lab.ts';
import type { Place } from '../places.ts';
import { endpointPath } from '../receiver.ts';
import { FIRST_ACCOUNT } from '../site.ts';
import { standWhen, type Stood } from '../standings.ts';
import { withWorker } from '../withWorker.ts';
import { park, PARKING } from './parked.ts';

const DEAD = 0;
const ALIVE = 1;
const WAITING = 500;
const which = { accountID: FIRST_ACCOUNT + DEAD };

/** What has become of notifications that waited for a dead endpoint. */
export interface Outcome extends Stood {
  readonly waiting: number;
  /** Calls of the dead endpoint from then on. */
  readonly callsOfDead: number;
}

async function atDeadEndpoint(
  lab: Lab,
  settings: Settings,
  end: (place: Place) => Promise<Stood>,
): Promise<Outcome> {
  const setting = {
    endpoints: 2,
    warmed: [ALIVE],
    accounts: Array.from({ length: WAITING }, () => DEAD),
    settings: { ...PARKING, ...settings },
  };
  const { receiver } = lab;
  const path = endpointPath(DEAD);
  const calls = async (): Promise<number> => (await receiver.paths()).get(path)?.calls ?? 0;
  return await withWorker(lab, setting, async ({ place, ids }) => {
    await receiver.behave({ [path]: { statusCode: 500 } });
    const waiting = await park(lab, place, ids);
    const before = await calls();
    const stood = await end(place);
    return { ...stood, waiting, callsOfDead: (await calls()) - before };
  });
}

/** Its webhook gets another URL in MySQL: the records that name it. */
export async function changeUrl(lab: Lab): Promise<Outcome> {
  lab.tell('a dead endpoint, whose URL is changed');
  return await atDeadEndpoint(lab, { ROUTE_CACHE_TTL: '2s' }, async (place) => {
    const url = lab.receiver.url('/moved');
    await place.central.connection.query('UPDATE Webhook SET url = ? WHERE accountID = ?', [
      url,
      FIRST_ACCOUNT + DEAD,
    ]);
    return await standWhen(lab, place, {
      which: { ...which, 'notify_on_delivery.url': url },
      count: WAITING,
      as: 'delivered',
      limitMs: 60_000,
    });
  });
}

export const GIVE_UP_AFTER = '10s';

/** Its breaker stays open for longer than is waited. */
export async function giveUp(lab: Lab): Promise<Outcome> {
  lab.tell('a breaker that stays open');
  const settings = { BREAKER_COOLDOWN: '5m', GIVE_UP_AFTER, RETRY_AFTER_MAX: GIVE_UP_AFTER };
  return await atDeadEndpoint(
    lab,
    settings,
    async (place) =>
      await standWhen(lab, place, {
        which,
        count: WAITING,
        as: 'failed, expired',
        limitMs: 60_000,
      }),
  );
}
