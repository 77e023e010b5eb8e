import { writeForeignEntries } from '../../support/foreignEntries.ts';
import type { Fault } from '../fault.ts';
import { play } from '../play.ts';

/** Longer than a read waits for fresh notifications, shorter than the server needs for the entries. */
const IDLE_MS = 1_200;

export const cutScans: Fault = {
  name: 'cut-scans',
  description:
    'connections are cut when idle, while the server goes through many entries of the oplog that are of others',
  async run(context) {
    const { isLong, log } = context;
    return await play(context, { name: this.name, proxied: true }, async (scene) => {
      const { proxies, workers, client, work } = scene;
      if (proxies === null) throw new Error('the proxies were asked for');
      for (let round = 1; round <= (isLong ? 4 : 1); round += 1) {
        await workers.at(-1)?.stop();
        await work(200, 400);
        await writeForeignEntries(client, isLong ? 1_500_000 : 300_000);
        proxies.mongo.cutIdleAfter(IDLE_MS);
        const before = proxies.mongo.idleCuts;
        await scene.worker();
        await scene.untilNotified();
        log(`${proxies.mongo.idleCuts - before} idle connections were cut`);
        proxies.mongo.cutIdleAfter(null);
        const gaps = await scene.db.collection('notify_on_delivery_gaps').countDocuments();
        const searches = workers.flatMap(({ lines }) => lines).filter(isSearch).length;
        if (gaps + searches > 0) throw new Error('what the oplog has was taken for lost');
      }
    });
  },
};

function isSearch({ event }: { readonly event?: unknown }): boolean {
  return event === 'gap_scan_started';
}
