import type { Fault } from '../fault.ts';
import { accounts, pathOf } from '../load.ts';
import { play, type Scene } from '../play.ts';

/** All others are slow at bad times: together they could use twice the slots there are. */
const healthy = 9;
const PER_ENDPOINT = 4;
const MAX_IN_FLIGHT = ((accounts.length - 1) * PER_ENDPOINT) / 2;
const SLOW_MS = 3_000;
/** Of what the healthy one is owed, so much may be on its way at any moment. */
const ON_THE_WAY = 0.25;

export const slowEndpoints: Fault = {
  name: 'slow-endpoints',
  description:
    'all endpoints but one answer late, and together could use more slots than there are',
  async run(context) {
    const { isLong, log, random } = context;
    const rounds = isLong ? 10 : 1;
    const options = {
      name: this.name,
      settings: {
        MAX_IN_FLIGHT: String(MAX_IN_FLIGHT),
        MAX_IN_FLIGHT_PER_ENDPOINT: String(PER_ENDPOINT),
      },
    };
    return await play(context, options, async (scene) => {
      let isSlow = false;
      for (const account of accounts) {
        scene.receiver.answer(pathOf(account), () => ({
          delayMs: isSlow && account !== healthy ? SLOW_MS : random.between(2, 60),
        }));
      }
      for (let round = 1; round <= rounds; round += 1) {
        log(`slow ${round} of ${rounds}`);
        const before = new Set(scene.load.owed.keys());
        isSlow = true;
        await scene.work(8_000, 12_000);
        mustBeNotified(scene, before);
        isSlow = false;
        log('quick again');
        await scene.work(1_000, 3_000);
      }
    });
  },
};

/** What the healthy one was owed since, while the others were slow. */
function mustBeNotified({ load, receiver }: Scene, before: ReadonlySet<string>): void {
  const owed = [...load.owed].flatMap(([id, account]) =>
    account === healthy && !before.has(id) ? [id] : [],
  );
  const untold = owed.filter((id) => !receiver.deliveredAt.has(id));
  if (untold.length <= ON_THE_WAY * owed.length) return;
  throw new Error(
    `${untold.length} of ${owed.length} of the healthy endpoint wait behind slow ones`,
  );
}
