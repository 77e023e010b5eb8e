import { until } from '../../support/until.ts';
import type { Fault } from '../fault.ts';
import { playGroup, type GroupScene } from '../playGroup.ts';
import { forgetfulRoutes } from './mysqlOutages.ts';

export const groupBrokerKilled: Fault = {
  name: 'group-broker-killed',
  description: 'kill -9 of the broker, for less and for more than a session',
  async run(context) {
    const { isLong, log } = context;
    const rounds = isLong ? 6 : 2;
    return await playGroup(context, { name: this.name }, async (scene) => {
      const { broker } = scene.kafka;
      for (let round = 1; round <= rounds; round += 1) {
        await scene.work(1_500, 2_500);
        log(`kill ${round} of ${rounds}`);
        await broker.kill();
        if (round % 2 === 0) await scene.work(8_000, 12_000);
        await broker.start();
        log('the broker is back');
        await scene.work(0, 1_000);
        await scene.untilNotified();
      }
      tellLosses(scene, log);
    });
  },
};

export const groupBrokerSilent: Fault = {
  name: 'group-broker-silent',
  description: 'SIGSTOP of the broker for longer than a session, in which a worker is stopped',
  async run(context) {
    const { isLong, log } = context;
    const rounds = isLong ? 3 : 1;
    return await playGroup(context, { name: this.name }, async (scene) => {
      const { broker } = scene.kafka;
      for (let round = 1; round <= rounds; round += 1) {
        await scene.untilAllHeld();
        await scene.work(1_500, 2_500);
        log(`silence ${round} of ${rounds}`);
        await broker.pause();
        try {
          await scene.work(1_000, 2_000);
          await scene.stop(scene.present()[0]);
          log('a worker has stopped');
          await scene.work(6_000, 8_000);
        } finally {
          broker.resume();
        }
        log('the broker speaks again');
        await scene.worker();
        await scene.untilNotified();
      }
      tellLosses(scene, log);
    });
  },
};

export const groupConnectorKilled: Fault = {
  name: 'group-connector-killed',
  description: 'kill -9 of Kafka Connect, which then sends some messages again',
  async run(context) {
    const { isLong, log } = context;
    const rounds = isLong ? 6 : 2;
    return await playGroup(context, { name: this.name }, async (scene) => {
      const { connect } = scene.kafka;
      for (let round = 1; round <= rounds; round += 1) {
        await until('the connector knows how far it has read', connect.hasStoredOffset);
        await scene.work(1_500, 2_500);
        log(`kill ${round} of ${rounds}`);
        await connect.kill();
        await scene.work(500, 2_000);
        await connect.start();
        log('the connector is back');
        await scene.untilNotified();
      }
      tellLosses(scene, log);
    });
  },
};

export const groupMysqlAway: Fault = {
  name: 'group-mysql-away',
  description:
    'MySQL stopped for so long that the workers must stop reading, and stay in the group',
  async run(context) {
    const { isLong, log } = context;
    const options = {
      ...{ name: this.name, perSecond: 150, behindAtMost: 10_000 },
      settings: { ...forgetfulRoutes, LEASE_TTL: '10s' },
    };
    return await playGroup(context, options, async (scene) => {
      const { mysql } = scene;
      await scene.work(1_000, 2_000);
      const before = scene.holdings().length;
      log('MySQL is stopped');
      await mysql.stop();
      await scene.work(isLong ? 60_000 : 20_000, isLong ? 70_000 : 22_000);
      await mysql.start();
      log('MySQL is back');
      await scene.untilNotified();
      log(`${scene.holdings().length - before} partitions have passed on meanwhile`);
      tellLosses(scene, log);
    });
  },
};

function tellLosses(scene: GroupScene, log: (text: string) => void): void {
  log(`${scene.countLosses()} partitions were lost`);
}
