import { fileURLToPath } from 'node:url';
import { createConnection, type Connection } from 'mysql2/promise';
import { until } from '../../support/until.ts';
import type { Fault } from '../fault.ts';
import { play, type Scene } from '../play.ts';
import { mysqlUser } from '../stage.ts';
import { forgetfulRoutes } from './mysqlOutages.ts';

/** What an administrator does, and how it is fixed. */
const slips = [
  ['RENAME TABLE Webhook TO WebhookOld', 'RENAME TABLE WebhookOld TO Webhook'],
  [`REVOKE SELECT ON Flow FROM ${mysqlUser}`, `GRANT SELECT ON Flow TO ${mysqlUser}`],
  [
    'ALTER TABLE Accountconfig CHANGE `account.sms.notifyOnDelivery` renamed VARCHAR(255)',
    'ALTER TABLE Accountconfig CHANGE renamed `account.sms.notifyOnDelivery` VARCHAR(255)',
  ],
] as const;

export const mysqlErrors: Fault = {
  name: 'mysql-errors',
  description:
    'MySQL answers every question with an error: a table or column renamed, a right revoked',
  async run(context) {
    const { isLong, log } = context;
    return await play(context, { name: this.name, settings: forgetfulRoutes }, async (scene) => {
      await using administrator = await connectTo(scene);
      for (let round = 1; round <= (isLong ? 8 : 1); round += 1) {
        for (const [slip, fix] of slips) {
          await scene.work(300, 1_000);
          log(slip);
          await administrator.query(slip);
          await scene.work(2_500, isLong ? 8_000 : 3_000);
          await administrator.query(fix);
        }
      }
      await scene.work(500, 1_500);
    });
  },
};

/** Asks what `config/route.sql` asks, and fails for accounts that have two rows in `Trouble`. */
const troubledQuery = fileURLToPath(new URL('../route.troubled.sql', import.meta.url));
const troubled = 5;

export const mysqlKeyErrors: Fault = {
  name: 'mysql-key-errors',
  description:
    'MySQL answers the questions about one account with an error; the others are not held up',
  async run(context) {
    const { isLong, log } = context;
    const settings = { ...forgetfulRoutes, MYSQL_ROUTE_QUERY_FILE: troubledQuery };
    return await play(context, { name: this.name, settings }, async (scene) => {
      await using administrator = await connectTo(scene);
      for (let round = 1; round <= (isLong ? 6 : 1); round += 1) {
        await scene.work(500, 1_500);
        log(`account ${troubled} is in trouble`);
        await administrator.query('INSERT INTO Trouble VALUES (?), (?)', [troubled, troubled]);
        try {
          // Until then an old answer is used.
          await scene.work(2_500, 4_000);
          await scene.untilNotified((account) => account !== troubled);
          await untilScheduled(scene);
          await untilCheckpointPasses(new Date(), scene);
        } finally {
          log('it is mended');
          await administrator.query('DELETE FROM Trouble');
        }
      }
      await scene.work(500, 1_500);
    });
  },
};

/** Without having used an attempt. */
async function untilScheduled({ db, load }: Scene): Promise<void> {
  const retries = db.collection<{ _id: string }>('notify_on_delivery_retries');
  const ids = [...load.owed].flatMap(([id, of]) => (of === troubled ? [id] : []));
  const waiting = { _id: { $in: ids }, attempts: 0 };
  await until(
    'its notifications wait in durable state',
    async () => await retries.findOne(waiting),
  );
}

export async function untilCheckpointPasses(time: Date, { db }: Scene): Promise<void> {
  const checkpoints = db.collection('notify_on_delivery_checkpoints');
  const past = { wallTime: { $gt: time } };
  await until('the checkpoint passes it', async () => await checkpoints.findOne(past), {
    timeoutMs: 30_000,
  });
}

export async function connectTo({ mysql }: Scene): Promise<Connection & AsyncDisposable> {
  const connection = await createConnection(mysql.uri);
  return Object.assign(connection, {
    [Symbol.asyncDispose]: async () => await connection.end(),
  });
}
