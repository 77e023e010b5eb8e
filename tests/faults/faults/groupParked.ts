import { newSms } from '../../../scripts/harness/smsPlatform.ts';
import { until } from '../../support/until.ts';
import type { Call } from '../callLog.ts';
import type { Fault } from '../fault.ts';
import { accounts, flowOf, pathOf } from '../load.ts';
import { playGroup, type GroupScene } from '../playGroup.ts';

/** Of all nine: they refuse for a while. */
const refusing = [1, 2, 3] as const;
const PER_ENDPOINT = 6;
const patience = { timeoutMs: 60_000, intervalMs: 100 } as const;

export const groupParked: Fault = {
  name: 'group-parked',
  description: 'thousands wait for endpoints that refused, and a worker is killed among them',
  async run(context) {
    const { isLong, log, random } = context;
    const parked = isLong ? 9_000 : 2_400;
    const options = {
      ...{ name: this.name, perSecond: 30, behindAtMost: 20_000 },
      settings: { MAX_IN_FLIGHT: '96', MAX_IN_FLIGHT_PER_ENDPOINT: String(PER_ENDPOINT) },
    };
    return await playGroup(context, options, async (scene) => {
      for (const account of refusing)
        scene.receiver.answer(pathOf(account), () => ({ status: 503 }));
      await scene.untilAllHeld();
      await write(parked, scene);
      const rows = scene.db.collection('notify_on_delivery_retries');
      const areParked = async (): Promise<boolean> => (await rows.countDocuments()) >= parked;
      await until(`${parked} wait`, areParked, patience);
      log(`${await rows.countDocuments()} wait, and their endpoints return`);
      for (const account of refusing) {
        scene.receiver.answer(pathOf(account), () => ({ delayMs: random.between(20, 100) }));
      }
      await scene.work(3_000, 4_000);
      log(`a worker is killed while ${await rows.countDocuments()} wait`);
      await scene.kill(random.pick(scene.present()));
      await scene.untilAllHeld();
      await scene.worker();
      await scene.untilNotified();
      const most = Math.max(...accounts.map((account) => mostAtOnce(callsTo(account, scene))));
      log(`${most} calls at once at one endpoint, ${PER_ENDPOINT} allowed`);
      if (most > PER_ENDPOINT) throw new Error(`${most} calls at once at one endpoint`);
    });
  },
};

async function write(count: number, { sms, load }: GroupScene): Promise<void> {
  const status = { deliveryStatus: 'DELIVERED', deliveryTime: new Date() };
  const documents = Array.from({ length: count }, (_, index) => {
    const accountID = refusing[index % refusing.length] ?? refusing[0];
    return { accountID, document: newSms({ accountID, flowId: flowOf(accountID), ...status }) };
  });
  await sms.insertMany(documents.map(({ document }) => document));
  for (const { accountID, document } of documents) {
    load.owed.set(`${document._id}:DELIVERED`, accountID);
  }
}

function callsTo(account: number, { receiver }: GroupScene): readonly Call[] {
  return receiver.calls.filter(({ path }) => path === pathOf(account));
}

/** At equal times one that ends makes room for one that begins. */
function mostAtOnce(calls: readonly Call[]): number {
  const steps = calls.flatMap(({ beganAt, endedAt }) => [
    { at: beganAt, change: 1 },
    { at: endedAt ?? Infinity, change: -1 },
  ]);
  let open = 0;
  let most = 0;
  for (const { change } of steps.toSorted((a, b) => a.at - b.at || a.change - b.change)) {
    open += change;
    most = Math.max(most, open);
  }
  return most;
}
