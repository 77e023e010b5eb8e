import type { Connection } from 'mysql2/promise';
import { newSms } from '../../../scripts/harness/smsPlatform.ts';
import { disturb, disturbedQuery, fix } from '../../support/befalling.ts';
import { markedFields } from '../../support/marked.ts';
import { until } from '../../support/until.ts';
import type { Fault } from '../fault.ts';
import { play, type Scene } from '../play.ts';
import { connectTo, untilCheckpointPasses } from './mysqlErrors.ts';
import { forgetfulRoutes } from './mysqlOutages.ts';

const settings = {
  ...forgetfulRoutes,
  MYSQL_ROUTE_QUERY_FILE: disturbedQuery,
  MYSQL_TIMEOUT: '1s',
};
const slow = 5;
const FLOWS = 20;

export const slowKeys: Fault = {
  name: 'slow-keys',
  description:
    "MySQL takes too long for one account, for many flows of it at once, for a moment for everybody's",
  async run(context) {
    const { isLong, log } = context;
    return await play(context, { name: this.name, settings }, async (scene) => {
      await using administrator = await connectTo(scene);
      await addFlows(administrator);
      for (let round = 1; round <= (isLong ? 6 : 1); round += 1) {
        await scene.work(500, 1_500);
        log(`account ${slow} takes 10 s`);
        await disturb(administrator, slow, 10);
        await scene.work(2_500, isLong ? 8_000 : 3_000);
        await othersGoOn(scene);
        log(`${FLOWS} flows of it at once`);
        await writeOfManyFlows(scene);
        await othersGoOn(scene);
        await fix(administrator);
        log('every question takes 300 ms');
        await disturb(administrator, null, 0.3);
        await scene.work(2_000, isLong ? 8_000 : 3_000);
        await fix(administrator);
      }
      await scene.work(500, 1_500);
    });
  },
};

/** What proxies, storage engines and fail-overs say, and what nobody has heard of. */
const passing = [1105, 1815, 1412, 9001, 65_000] as const;

export const mysqlErrorsAtStart: Fault = {
  name: 'mysql-errors-at-start',
  description:
    'a worker starts while MySQL answers every question with an error that is no mistake of set-up, or not at all',
  async run(context) {
    const { isLong, log, random } = context;
    const codes = isLong ? passing : [random.pick(passing)];
    return await play(context, { name: this.name, settings }, async (scene) => {
      await using administrator = await connectTo(scene);
      for (const code of codes) {
        await scene.work(500, 1_500);
        await scene.workers.at(-1)?.stop();
        log(`MySQL answers with ${code}`);
        await disturb(administrator, null, 0, code);
        const starting = scene.worker();
        await untilItWaits(scene, 2);
        await fix(administrator);
        await starting;
      }
      await scene.workers.at(-1)?.stop();
      log('MySQL is away');
      await scene.mysql.stop();
      const starting = scene.worker();
      await untilItWaits(scene, 3);
      await scene.mysql.start();
      await starting;
      await scene.work(500, 1_500);
    });
  },
};

async function untilItWaits({ workers }: Scene, times: number): Promise<void> {
  await until(`a worker waits for MySQL for the ${times}rd time`, () => {
    const lines = workers.at(-1)?.lines ?? [];
    return lines.filter(({ event }) => event === 'waiting_for_mysql').length >= times;
  });
}

async function othersGoOn(scene: Scene): Promise<void> {
  await scene.untilNotified((account) => account !== slow);
  await untilCheckpointPasses(new Date(), scene);
}

const flows = Array.from({ length: FLOWS }, (_, index) => 2_000 + index);

async function addFlows(administrator: Connection): Promise<void> {
  for (const flow of flows) {
    await administrator.query('INSERT INTO Flow VALUES (?, ?, ?, 1)', [flow, slow, `flow ${flow}`]);
  }
}

async function writeOfManyFlows({ sms, load }: Scene): Promise<void> {
  const documents = flows.map((flowId) =>
    newSms({ ...markedFields, accountID: slow, flowId, deliveryStatus: 'DELIVERED' }),
  );
  await sms.insertMany(documents);
  for (const { _id } of documents) load.owed.set(`${_id}:DELIVERED`, slow);
}
