import { MongoClient, type Collection, type Db } from 'mongodb';
import { toError } from '../../src/runtime/errors.ts';
import type { Teardown } from '../../src/runtime/teardown.ts';
import { startReceiver, type Receiver } from '../../tests/support/receiver.ts';
import { openCentralDatabase, type CentralDatabase } from '../harness/centralDatabase.ts';
import { freshBuild } from '../harness/freshBuild.ts';
import { orAborted } from '../harness/interruption.ts';
import { mysqlVersion } from '../harness/mysqlVersion.ts';
import type { SmsDocument } from '../harness/smsPlatform.ts';
import type { WorkerProcess } from '../harness/workerProcess.ts';
import { startServices, type Services } from '../services/startServices.ts';
import { claimMongoDatabase, claimMysqlDatabase, UnfitDatabase } from './databases.ts';
import { startDemoWorker, stopDemoWorker } from './demoWorker.ts';
import type { Narrator } from './narrator.ts';
import type { Report } from './report.ts';

/** All that the scenes play on: servers, tables, a receiver, the worker. */
export interface Stage {
  readonly mongodbUri: string;
  readonly mysqlUri: string;
  readonly central: CentralDatabase;
  readonly db: Db;
  readonly sms: Collection<SmsDocument>;
  readonly receiver: Receiver;
  readonly worker: WorkerProcess;
  readonly versions: NonNullable<Report['versions']>;
}

export interface StageOptions {
  readonly env: NodeJS.ProcessEnv;
  readonly narrator: Narrator;
  readonly teardown: Teardown;
  readonly signal: AbortSignal;
  /** Told as soon as there is one, ready or not. */
  onWorker(worker: WorkerProcess): void;
}

/** Brings everything up. What was started is registered with the teardown, also when this rejects. */
export async function setStage(options: StageOptions): Promise<Stage> {
  const { env, narrator, teardown, signal } = options;
  const timed = async <T>(text: string, work: Promise<T>): Promise<readonly [T, number]> => {
    const began = performance.now();
    const result = await narrator.during(text, orAborted(work, signal));
    return [result, performance.now() - began];
  };

  await timed('Building the worker, where that is due …', freshBuild());
  const starting = startServices(env);
  teardown.add('the servers', async () => {
    const services = await starting.catch(() => null);
    await services?.stop();
  });
  const [services, serversMs] = await timed('Starting MongoDB and MariaDB …', starting);
  const databases = await orAborted(openDatabases(services, options), signal);
  const receiver = await startReceiver();
  teardown.add('the receiver', receiver.close);
  narrator.ready(`MongoDB ${databases.mongodb} (replica set) and ${databases.mysql}`, serversMs);

  const worker = startDemoWorker({
    MONGODB_URI: services.mongodbUri,
    MONGODB_DATABASE: databases.db.databaseName,
    MYSQL_URI: services.mysqlUri,
  });
  teardown.add('the worker', () => stopDemoWorker(worker));
  options.onWorker(worker);
  const [, workerMs] = await timed('Starting the worker …', worker.ready());
  const { pid, version } = await worker.line('started');
  narrator.ready(`the worker, by npm start: pid ${String(pid)}`, workerMs);
  const { mongodb, mysql, ...rest } = databases;
  const versions = { mongodb, mysql, worker: String(version) };
  const { mongodbUri, mysqlUri } = services;
  return { ...rest, mongodbUri, mysqlUri, receiver, worker, versions };
}

type Databases = Pick<Stage, 'central' | 'db' | 'sms'> & Record<'mongodb' | 'mysql', string>;

async function openDatabases(
  { mongodbUri, mysqlUri }: Services,
  { env, teardown }: StageOptions,
): Promise<Databases> {
  const mongo = new MongoClient(mongodbUri, { serverSelectionTimeoutMS: 10_000 });
  teardown.add('the MongoDB client', () => mongo.close());
  const db = mongo.db(env['MONGODB_DATABASE'] || 'central');
  const buildInfo = await answerOf('MongoDB', db.admin().command({ buildInfo: 1 }));
  if (env['MONGODB_URI']) teardown.add('the documents', await claimMongoDatabase(db));
  if (env['MYSQL_URI']) {
    teardown.add('the tables', await answerOf('MySQL', claimMysqlDatabase(mysqlUri)));
  }
  const central = await openCentralDatabase(mysqlUri);
  teardown.add('the MySQL connection', () => central.close());
  const mysql = await mysqlVersion(central.connection);
  const sms = db.collection<SmsDocument>('SMSDetailDocument');
  return { central, db, sms, mongodb: String(buildInfo['version']), mysql };
}

/** The driver's own words don't say which server they are about. */
async function answerOf<T>(server: string, asked: Promise<T>): Promise<T> {
  try {
    return await asked;
  } catch (cause) {
    if (cause instanceof UnfitDatabase) throw cause;
    throw new Error(`${server} can't be used: ${toError(cause).message}`, { cause });
  }
}
