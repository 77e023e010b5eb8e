import { until } from '../../support/until.ts';
import type { Fault } from '../fault.ts';
import { playGroup } from '../playGroup.ts';
import { happenings } from './collectionGone.ts';

export const groupCollectionDropped: Fault = {
  name: 'group-collection-dropped',
  description: 'the SMS collection is dropped, renamed and replaced while a connector reads it',
  async run(context) {
    const { isLong, log } = context;
    return await playGroup(context, { name: this.name, singly: true }, async (scene) => {
      for (let round = 1; round <= (isLong ? 3 : 1); round += 1) {
        for (const [name, happen] of Object.entries(happenings)) {
          await scene.work(500, 1_500);
          log(name);
          await happen(scene);
        }
      }
      await scene.work(500, 1_500);
      const gaps = scene.db.collection('notify_on_delivery_gaps');
      const isSearched = async (): Promise<boolean> => (await gaps.countDocuments()) === 0;
      await until('all gaps are searched', isSearched, { timeoutMs: 120_000, intervalMs: 200 });
    });
  },
};
