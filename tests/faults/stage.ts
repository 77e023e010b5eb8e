import { MongoClient, type CreateCollectionOptions, type Collection, type Db } from 'mongodb';
import { openCentralDatabase } from '../../scripts/harness/centralDatabase.ts';
import type { SmsDocument } from '../../scripts/harness/smsPlatform.ts';
import { startWorker, type WorkerProcess } from '../../scripts/harness/workerProcess.ts';
import { startMysql, type MysqlServer } from '../../scripts/services/mysql.ts';
import type { MongodOptions } from '../../scripts/services/mongod.ts';
import { startReplicaSet, type ReplicaSet } from '../../scripts/services/replicaSet.ts';
import { createTeardown, type Teardown } from '../../src/runtime/teardown.ts';
import { disturbing } from '../support/befalling.ts';
import { marked, markedWebhook } from '../support/marked.ts';
import { startTcpProxy, type TcpProxy } from '../support/tcpProxy.ts';
import { startCallLog, type CallLog } from './callLog.ts';
import { openKafka, type KafkaStage, type KafkaStageOptions } from './kafkaStage.ts';
import { watchLedger, type LedgerWatch } from './ledgerWatch.ts';
import { accounts, flowOf, pathOf } from './load.ts';
import type { Random } from './random.ts';

export interface StageOptions {
  /** How the SMS collection is made. */
  readonly collection?: CreateCollectionOptions;
  /** How the members are started. */
  readonly mongod?: MongodOptions;
  /** Members of the replica set; 1 by default. */
  readonly members?: number;
  /** Settings of the worker that differ from the stage's. */
  readonly settings?: Readonly<Record<string, string>>;
  /** The workers take statuses from a topic that a connector fills. */
  readonly kafka?: KafkaStageOptions;
  /** The worker reaches the databases through proxies. */
  readonly proxied?: boolean;
}

/** Servers of one fault's own, the central tables, a receiver, workers on demand. */
export interface Stage {
  readonly replicaSet: ReplicaSet;
  readonly mysql: MysqlServer;
  /** What stands between the worker and the databases; null unless asked for. */
  readonly proxies: Readonly<{ mongo: TcpProxy; mysql: TcpProxy }> | null;
  /** Null unless asked for. */
  readonly kafka: KafkaStage | null;
  /** Of the platform, and to look at things: no fault of the worker's client concerns it. */
  readonly client: MongoClient;
  readonly db: Db;
  readonly sms: Collection<SmsDocument>;
  readonly receiver: CallLog;
  readonly ledger: LedgerWatch;
  /** Starts a worker, with settings that differ from the others'; waits until it is ready. */
  worker(own?: Readonly<Record<string, string>>): Promise<WorkerProcess>;
  /** All that were ever started. */
  readonly workers: readonly WorkerProcess[];
  close(): Promise<void>;
}

/** The worker's own, with no more rights than it needs. */
export const mysqlUser = 'worker';
/** `Trouble` is of `route.troubled.sql`, `Befalling` of `route.befallen.sql`. */
const routeTables = ['Accountconfig', 'Webhook', 'Flow', 'Trouble', 'Befalling'] as const;
/** A lease that is over soon, for faults in which a worker waits for another one's. */
export const shortLease = { LEASE_TTL: '2s' } as const;

/**
 * Short times, so that a fault's consequences are over soon; but not so short that a busy machine gives a call up
 * that its receiver has answered, which would count as a repetition.
 */
const baseSettings = {
  MONGODB_DATABASE: 'central',
  LEASE_TTL: '5s',
  EGRESS_ALLOW_CIDRS: '127.0.0.0/8',
  MAX_IN_FLIGHT: '16',
  REQUEST_TIMEOUT: '6s',
  CONNECT_TIMEOUT: '2s',
  QUICK_RETRIES: '200ms,500ms',
  RETRY_SCHEDULE: '1s,1s,2s,2s,3s,3s,4s,4s,5s,5s,5s,5s',
  BREAKER_COOLDOWN: '1s',
} as const;

/** `HTTP_THREADS` of this process is the workers' too. */
const threads = { HTTP_THREADS: process.env['HTTP_THREADS'] ?? '' } as const;

export async function setStage(random: Random, options: StageOptions = {}): Promise<Stage> {
  const teardown = createTeardown();
  try {
    return await setUp(random, options, teardown);
  } catch (error) {
    await teardown.run();
    throw error;
  }
}

async function setUp(random: Random, options: StageOptions, teardown: Teardown): Promise<Stage> {
  const { mongod = {}, members = 1, settings = {}, proxied = false, collection = {} } = options;
  const replicaSet = await startReplicaSet({ ...mongod, members });
  teardown.add('MongoDB', replicaSet.close);
  const mysql = await startMysql();
  teardown.add('MySQL', mysql.close);
  const receiver = await startCallLog(() => ({ delayMs: random.between(2, 60) }));
  teardown.add('the receiver', receiver.close);
  await optIn(mysql.uri, receiver);

  const client = new MongoClient(replicaSet.uri, {
    appName: 'platform',
    writeConcern: { w: 'majority' },
    readConcernLevel: 'majority',
    connectTimeoutMS: 2_000,
    heartbeatFrequencyMS: 1_000,
    serverSelectionTimeoutMS: 2_000,
  });
  teardown.add('the MongoDB client', async () => await client.close());
  const db = client.db('central');
  const sms = await db.createCollection<SmsDocument>('SMSDetailDocument', collection);
  await sms.insertOne({ _id: 'first', note: 'a collection has to be there to be watched' });
  const ledger = watchLedger(db.collection('notify_on_delivery_sent'));
  teardown.add('the look at the ledger', ledger.stop);

  const proxies = proxied ? await openProxies(replicaSet, mysql, teardown) : null;
  const mysqlUri = mysql.uri.replace('root@', `${mysqlUser}:${marked.mysqlPassword}@`);
  const uris =
    proxies === null
      ? { MONGODB_URI: replicaSet.uri, MYSQL_URI: mysqlUri }
      : {
          MONGODB_URI: `mongodb://${proxies.mongo.address}/?directConnection=true`,
          MYSQL_URI: mysqlUri.replace(`:${mysql.port}/`, `:${proxies.mysql.port}/`),
        };
  const { kafka: withKafka } = options;
  const kafka = withKafka === undefined ? null : await openKafka(replicaSet, withKafka, teardown);
  const workers: WorkerProcess[] = [];
  teardown.add('the workers', async () => {
    await Promise.all(workers.map(async (worker) => await worker.kill()));
  });
  return {
    replicaSet,
    mysql,
    proxies,
    kafka,
    client,
    db,
    sms,
    receiver,
    ledger,
    workers,
    async worker(own = {}) {
      const worker = startWorker({
        ...{ ...baseSettings, ...threads, ...uris, ...kafka?.settings, ...settings, ...own },
      });
      workers.push(worker);
      killAtExit(worker);
      await worker.ready();
      return worker;
    },
    close: teardown.run,
  };
}

async function optIn(mysqlUri: string, receiver: CallLog): Promise<void> {
  const central = await openCentralDatabase(mysqlUri);
  try {
    for (const account of accounts) {
      await central.optIn(account, flowOf(account), markedWebhook(receiver.url(pathOf(account))));
    }
    await central.connection.query('CREATE TABLE Trouble (accountID BIGINT)');
    for (const statement of disturbing) await central.connection.query(statement);
    await central.connection.query(
      `CREATE USER ${mysqlUser} IDENTIFIED BY '${marked.mysqlPassword}'`,
    );
    for (const table of routeTables) {
      await central.connection.query(`GRANT SELECT ON ${table} TO ${mysqlUser}`);
    }
    await central.connection.query(`GRANT EXECUTE ON FUNCTION befall TO ${mysqlUser}`);
  } finally {
    await central.close();
  }
}

async function openProxies(
  replicaSet: ReplicaSet,
  mysql: MysqlServer,
  teardown: Teardown,
): Promise<NonNullable<Stage['proxies']>> {
  const proxyOf = async (port: number): Promise<TcpProxy> => {
    const proxy = await startTcpProxy(port);
    teardown.add('a proxy', proxy.close);
    return proxy;
  };
  const { port } = await replicaSet.primary();
  return { mongo: await proxyOf(port), mysql: await proxyOf(mysql.port) };
}

/** Should this process end before it has cleaned up. A worker that was frozen would stay for ever. */
function killAtExit(worker: WorkerProcess): void {
  const kill = (): void => {
    const pid = worker.lines.find(({ event }) => event === 'started')?.['pid'];
    try {
      if (typeof pid === 'number') process.kill(pid, 'SIGKILL');
    } catch {
      // It has ended just now.
    }
  };
  process.once('exit', kill);
  void worker.exit.then(() => process.off('exit', kill));
}
