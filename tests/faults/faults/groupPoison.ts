import { produce } from '../../support/kafka/topicMessages.ts';
import { readMetrics } from '../../support/readMetrics.ts';
import { until } from '../../support/until.ts';
import type { Fault } from '../fault.ts';
import { playGroup, type GroupScene } from '../playGroup.ts';
import { poisonMessages } from '../poisonMessages.ts';

const patience = { timeoutMs: 60_000, intervalMs: 200 } as const;

export const groupPoison: Fault = {
  name: 'group-poison',
  description: 'messages of ten kinds that nobody can read come between all the others',
  async run(context) {
    const { isLong, log, random } = context;
    const doses = isLong ? 100 : 10;
    const options = { name: this.name, perSecond: 100 };
    return await playGroup(context, options, async (scene) => {
      await scene.untilAllHeld();
      const { broker, topic } = scene.kafka;
      let count = 0;
      for (let dose = 1; dose <= doses; dose += 1) {
        const messages = poisonMessages(100, random);
        await produce(broker.bootstrap, topic, messages);
        count += messages.length;
        await scene.work(0, 500);
      }
      log(`${count} messages that can not be read`);
      const counted = async (): Promise<boolean> => (await countUnreadable(scene)) >= count;
      await until('they are counted', counted, patience);
      const found = await countUnreadable(scene);
      if (found !== count) throw new Error(`${found} messages were counted, ${count} are there`);
    });
  },
};

async function countUnreadable({ workers }: GroupScene): Promise<number> {
  const all = await Promise.all(workers.map(readMetrics));
  return all
    .flatMap((metrics) => [...metrics])
    .filter(([series]) => series.startsWith('unreadable_messages_total{'))
    .reduce((sum, [, value]) => sum + value, 0);
}
