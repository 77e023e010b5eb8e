import type { Settings } from './benchWorker.ts';
import { comesTrue } from './clock.ts';
import type { Lab } from './lab.ts';
import { inTurn, writeAtOnce } from './load.ts';
import { FIRST_ACCOUNT, type Place } from './places.ts';
import { endpointPath, endpointUrls } from './receiver.ts';
import { standWhen, type Stood } from './standings.ts';
import { withWorker } from './withWorker.ts';

/** A first failure goes to durable state at once, and comes back soon. */
const PARKING: Settings = {
  QUICK_RETRIES: '',
  RETRY_SCHEDULE: '2s,2s,2s,2s,2s,2s,2s,2s',
};

/** The same, and the endpoint is soon tried again. */
export const RETURNING_SOON: Settings = { ...PARKING, BREAKER_COOLDOWN: '2s' };

interface Parked {
  /** Rows in durable state now. */
  readonly parked: number;
  /** From the first write. */
  readonly seconds: number;
}

/**
 * Sets the status of all these, whose endpoints must be dead, and waits until durable state has that many more rows.
 */
export async function park(
  lab: Pick<Lab, 'signal'>,
  place: Place,
  ids: readonly string[],
): Promise<Parked> {
  const wanted = (await retriesOf(place).estimatedDocumentCount()) + ids.length;
  const beganAtMs = performance.now();
  await writeAtOnce(place.sms, ids, lab.signal);
  await waitForParked(lab, place, wanted);
  const seconds = (performance.now() - beganAtMs) / 1_000;
  return { parked: await retriesOf(place).countDocuments(), seconds };
}

export async function waitForParked(
  { signal }: Pick<Lab, 'signal'>,
  place: Place,
  count: number,
): Promise<void> {
  // From the collection's metadata, since a count reads all of them.
  const areThere = async (): Promise<boolean> =>
    (await retriesOf(place).estimatedDocumentCount()) >= count;
  await comesTrue(areThere, { limitMs: 120_000, everyMs: 50, signal });
}

function retriesOf({ sms }: Place) {
  return sms.db.collection('notify_on_delivery_retries');
}

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
    urls: endpointUrls(lab.receiver, 2),
    warmed: [ALIVE],
    accounts: inTurn([DEAD], WAITING),
    settings: { ...PARKING, ...settings },
  };
  const { receiver } = lab;
  const path = endpointPath(DEAD);
  const calls = async (): Promise<number> => (await receiver.paths()).get(path)?.calls ?? 0;
  return await withWorker(lab, setting, async ({ place, ids }) => {
    await receiver.behave({ [path]: { statusCode: 500 } });
    const { parked: waiting } = await park(lab, place, ids);
    const before = await calls();
    const stood = await end(place);
    return { ...stood, waiting, callsOfDead: (await calls()) - before };
  });
}

/** Its webhook gets another URL in MySQL: the records that name it. */
export async function changeUrl(lab: Lab): Promise<Outcome> {
  lab.log('a dead endpoint, whose URL is changed');
  return await atDeadEndpoint(lab, { ROUTE_CACHE_TTL: '2s' }, async (place) => {
    const url = lab.receiver.url('/moved');
    const values = [url, which.accountID];
    await place.central.connection.query('UPDATE Webhook SET url = ? WHERE accountID = ?', values);
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
  lab.log('a breaker that stays open');
  const settings = { BREAKER_COOLDOWN: '5m', GIVE_UP_AFTER, RETRY_AFTER_MAX: GIVE_UP_AFTER };
  const expected = { which, count: WAITING, as: 'failed, expired', limitMs: 60_000 };
  return await atDeadEndpoint(
    lab,
    settings,
    async (place) => await standWhen(lab, place, expected),
  );
}
