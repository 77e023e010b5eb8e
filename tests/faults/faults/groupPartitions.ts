import type { Fault } from '../fault.ts';
import { pathOf } from '../load.ts';
import { playGroup } from '../playGroup.ts';

/** Of all nine. They answer slowly, so that two statuses of an SMS could meet. */
const slow = [1, 2, 3, 4] as const;
const [FEW, MANY] = [12, 24];

export const groupMorePartitions: Fault = {
  name: 'group-more-partitions',
  description:
    'the topic gets more partitions while SMS get two statuses, each then in another one',
  async run(context) {
    const { log, random, isLong } = context;
    const options = {
      ...{ name: this.name, partitions: FEW, perSecond: isLong ? 200 : 100 },
      // It writes into the new partitions before the workers read them.
      connector: { 'producer.override.metadata.max.age.ms': '1000' },
      settings: { MAX_IN_FLIGHT: '96' },
    };
    return await playGroup(context, options, async (scene) => {
      for (const account of slow) {
        scene.receiver.answer(pathOf(account), () => ({ delayMs: random.between(100, 1_500) }));
      }
      await scene.untilAllHeld();
      await scene.work(3_000, 5_000);
      const { admin, topic } = scene.kafka;
      const askedAt = performance.now();
      await admin.addPartitions(topic, MANY);
      log(`${MANY} partitions in place of ${FEW}`);
      await scene.untilAllHeld(MANY);
      log(`all are read after ${((performance.now() - askedAt) / 1_000).toFixed(1)} s`);
      await scene.work(4_000, 6_000);
    });
  },
};
