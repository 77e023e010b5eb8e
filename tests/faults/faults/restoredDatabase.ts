import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from '../../support/until.ts';
import type { Fault, FaultContext, FaultResult } from '../fault.ts';
import { play, type Scene } from '../play.ts';

export const restoredDatabase: Fault = {
  name: 'restored-database',
  description:
    'an older state of the database is put back, while no worker runs and while one does',
  async run(context) {
    const folder = await mkdtemp(join(tmpdir(), 'notify-on-delivery-backup-'));
    try {
      return await playWithBackups(context, this.name, folder);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
};

async function playWithBackups(
  context: FaultContext,
  name: string,
  folder: string,
): Promise<FaultResult> {
  const { isLong, log } = context;
  return await play(
    context,
    { name, proxied: true, settings: { LEASE_TTL: '20s' } },
    async (scene) => {
      for (let round = 1; round <= (isLong ? 6 : 2); round += 1) {
        const backup = join(folder, String(round));
        await scene.work(1_000, 2_000);
        const owed = await save(backup, scene);
        await untilMoreNotified(20, scene);
        await scene.work(0, 2_000);
        await scene.load.pause();
        await untilCalm(scene);
        const isRunning = round % 2 === 0;
        log(`restore ${round}, ${isRunning ? 'under a running worker' : 'with none running'}`);
        if (!isRunning) await scene.workers.at(-1)?.kill();
        await restore(backup, owed, scene);
        if (!isRunning) await scene.worker();
        await rm(backup, { recursive: true });
        await scene.work(1_000, 2_000);
      }
    },
  );
}

/** What was notified after the copy is what the older state does not know of. */
async function untilMoreNotified(count: number, { receiver }: Scene): Promise<void> {
  const { deliveredAt } = receiver;
  const enough = deliveredAt.size + count;
  await until('more is notified', () => deliveredAt.size >= enough, { timeoutMs: 60_000 });
}

/** Copies the stopped server's files. What was owed then, and is in them. */
async function save(backup: string, { replicaSet, load }: Scene): Promise<ReadonlySet<string>> {
  const mongod = await replicaSet.primary();
  await mongod.stop();
  const owed = new Set(load.owed.keys());
  await cp(mongod.data, backup, { recursive: true });
  await mongod.start();
  await replicaSet.primary();
  return owed;
}

/** No end is half written: of one that is, the worker would write the rest into the older state. */
async function untilCalm({ load, ledger, work }: Scene): Promise<void> {
  const isWritten = (): boolean => [...load.owed.keys()].every((id) => ledger.seenAt.has(id));
  await until('all ends are in the ledger', isWritten, { timeoutMs: 60_000, intervalMs: 100 });
  await work(500, 500);
}

/**
 * Puts the files back while nobody writes and no worker gets through. What was notified since they were copied
 * may be notified again, as the ledger does not know of it any more; what was written since is gone.
 */
async function restore(backup: string, owed: ReadonlySet<string>, scene: Scene): Promise<void> {
  const { replicaSet, load, ledger, proxies } = scene;
  const mongod = await replicaSet.primary();
  await proxies?.mongo.refuse();
  await mongod.stop();
  await rm(mongod.data, { recursive: true });
  await cp(backup, mongod.data, { recursive: true });
  await mongod.start();
  await replicaSet.primary();
  for (const id of load.owed.keys()) {
    if (!owed.has(id)) load.owed.delete(id);
  }
  ledger.forget();
  await scene.countAtRisk();
  await proxies?.mongo.resume();
  load.resume();
}
