import { until } from '../../support/until.ts';
import type { Fault } from '../fault.ts';
import { playGroup, type GroupScene } from '../playGroup.ts';

const searching = { timeoutMs: 90_000, intervalMs: 100 } as const;
const PARTITIONS = 12;

export const groupRetention: Fault = {
  name: 'group-retention',
  description: 'no worker runs until the broker has deleted what the group has not read',
  async run(context) {
    const { isLong, log } = context;
    const rounds = isLong ? 4 : 1;
    return await playGroup(context, { name: this.name, singly: true }, async (scene) => {
      for (let round = 1; round <= rounds; round += 1) {
        await writeWhileStopped(scene);
        const { admin, topic } = scene.kafka;
        const ends = await admin.offsets(topic);
        log('all messages are deleted, or all but the last of a partition');
        for (const [partition, { high }] of ends.entries()) {
          await admin.deleteRecords(topic, partition, partition % 2 === 0 ? high : high - 1);
        }
        await searched(scene, async () => await startAgain(scene));
      }
    });
  },
};

export const groupOffsetsGone: Fault = {
  name: 'group-offsets-gone',
  description: "the group's offsets are deleted while no worker runs",
  async run(context) {
    const { isLong, log } = context;
    const rounds = isLong ? 4 : 1;
    return await playGroup(context, { name: this.name }, async (scene) => {
      for (let round = 1; round <= rounds; round += 1) {
        await writeWhileStopped(scene);
        const { admin, group, offsets } = scene.kafka;
        await offsets.whileMadeAnew(async () => await admin.deleteGroup(group));
        log('the group is deleted');
        await startAgain(scene);
        await scene.work(2_000, 3_000);
      }
    });
  },
};

export const groupTopicAnew: Fault = {
  name: 'group-topic-anew',
  description: 'the topic is deleted and made anew, without workers and under them',
  async run(context) {
    const { log } = context;
    return await playGroup(context, { name: this.name, singly: true }, async (scene) => {
      const { connect } = scene.kafka;
      await until('the connector knows how far it has read', connect.hasStoredOffset);
      await writeWhileStopped(scene);
      log('the topic is made anew while no worker runs');
      await makeAnew(scene);
      await searched(scene, async () => await startAgain(scene));
      await scene.untilNotified();
      log('the topic is made anew under the workers');
      await searched(scene, async () => await makeAnew(scene));
      await scene.untilNotified();
    });
  },
};

/** All workers are stopped with nothing left to do; then statuses come that no worker reads. */
async function writeWhileStopped(scene: GroupScene): Promise<void> {
  const { load, kafka } = scene;
  await scene.work(1_500, 2_500);
  await load.pause();
  await scene.untilNotified();
  await scene.stopAll();
  load.resume();
  await scene.work(2_500, 3_500);
  await load.pause();
  await kafka.untilQuiet();
}

async function startAgain(scene: GroupScene): Promise<void> {
  scene.load.resume();
  await Promise.all(Array.from({ length: 3 }, async () => await scene.worker()));
  await scene.untilAllHeld();
}

/** The connector is restarted: its producer would wait for the topic that it knew. */
async function makeAnew({ kafka }: GroupScene): Promise<void> {
  const { admin, connect, offsets, topic } = kafka;
  await offsets.whileMadeAnew(async () => {
    await connect.kill();
    await admin.delete(topic);
    await until('the topic is gone', async () => (await admin.describe(topic)) === null);
    await admin.create(topic, { partitions: PARTITIONS });
    await until('the topic is there', async () => (await admin.describe(topic)) !== null);
    await connect.start();
  });
}

/** A gap is found in what is done, and searched. */
async function searched(scene: GroupScene, work: () => Promise<void>): Promise<void> {
  const count = (): number =>
    scene.workers.flatMap(({ lines }) => lines.filter(({ event }) => event === 'gap_scan_finished'))
      .length;
  const before = count();
  await work();
  await until('what was lost is searched for', () => count() > before, searching);
}
