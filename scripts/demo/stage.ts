import { MongoClient } from 'mongodb';
import { orAbort } from '../../src/runtime/abort.ts';
import { toError } from '../../src/runtime/errors.ts';
import type { Teardown } from '../../src/runtime/teardown.ts';
import { startReceiver } from '../../tests/support/receiver.ts';
import { defaultSettings, freshBuild } from '../harness/builtWorker.ts';
import { mysqlVersion, openCentralDatabase } from '../harness/centralDatabase.ts';
import type { SmsDocument } from '../harness/smsPlatform.ts';
import { startWorker, type WorkerProcess } from '../harness/workerProcess.ts';
import { kafkaLack } from '../services/kafka/kafkaLack.ts';
import { startServices, type Services } from '../services/startServices.ts';
import { claimMongoDatabase, claimMysqlDatabase, UnfitDatabase } from './databases.ts';
import { startGroup, type Launch, type Timed } from './group.ts';
import type { Narrator } from './narrator.ts';

/** Where the demo departs from the defaults, to be quick and because its receiver is on this machine. */
export const demoSettings = {
  QUICK_RETRIES: '500ms,1500ms',
  ROUTE_CACHE_TTL: '1s',
  EGRESS_ALLOW_CIDRS: '127.0.0.0/8',
} as const;

/** All that the scenes play on: servers, tables, a receiver, the worker. */
export type Stage = Awaited<ReturnType<typeof setStage>>;

interface StageOptions {
  readonly env: NodeJS.ProcessEnv;
  readonly narrator: Narrator;
  readonly teardown: Teardown;
  readonly signal: AbortSignal;
  /** With workers that share a topic in place of one worker. */
  readonly isForKafka: boolean;
  /** Told as soon as there is one, ready or not. */
  onWorker(worker: WorkerProcess): void;
}

/** Brings everything up. What was started is registered with the teardown, also when this rejects. */
export async function setStage(options: StageOptions) {
  const { env, narrator, teardown, signal, isForKafka } = options;
  const timed: Timed = async (text, work) => {
    const began = performance.now();
    const result = await narrator.during(text, orAbort(work, signal));
    return [result, performance.now() - began];
  };

  if (isForKafka) {
    const [lack] = await timed('Fetching what Kafka needs, if necessary …', kafkaLack());
    if (lack !== null) throw new Error(lack);
  }
  await timed('Building the worker, if necessary …', freshBuild());
  const starting = startServices(env);
  teardown.add('the servers', async () => {
    await (await starting.catch(() => null))?.stop();
  });
  const [services, serversMs] = await timed('Starting MongoDB and MariaDB …', starting);
  const databases = await orAbort(openDatabases(services, options), signal);
  const receiver = await startReceiver();
  teardown.add('the receiver', receiver.close);
  narrator.ready(`MongoDB ${databases.mongodb} (replica set) and ${databases.mysql}`, serversMs);

  const { mongodbUri, mysqlUri } = services;
  const settings = {
    ...defaultSettings(),
    ...demoSettings,
    MONGODB_URI: mongodbUri,
    MONGODB_DATABASE: databases.db.databaseName,
    MYSQL_URI: mysqlUri,
  };
  const launch: Launch = async (name, added = {}) => {
    const worker = startWorker({ ...settings, ...added });
    teardown.add(name, () => stopWorker(worker));
    options.onWorker(worker);
    const [, workerMs] = await timed(`Starting ${name} …`, worker.ready());
    const { pid } = await worker.line('started');
    narrator.ready(`${name}, by npm start: pid ${String(pid)}`, workerMs);
    return worker;
  };
  const source = { mongodbUri, database: databases.db.databaseName };
  const group = isForKafka ? await startGroup(source, { ...options, timed, launch }) : null;
  const worker = group?.members()[0]?.worker ?? (await launch('the worker'));
  const { version } = await worker.line('started');
  const { mongodb, mysql, ...rest } = databases;
  const versions = { mongodb, mysql, worker: String(version) };
  return { ...rest, mongodbUri, mysqlUri, receiver, worker, group, versions };
}

const STOP_TIMEOUT_MS = 30_000;

/** Asks it to stop and waits; kills it when it takes longer than it may. */
export async function stopWorker(worker: WorkerProcess): Promise<void> {
  const overdue = setTimeout(() => void worker.kill().catch(() => undefined), STOP_TIMEOUT_MS);
  await worker.stop().finally(() => clearTimeout(overdue));
}

async function openDatabases({ mongodbUri, mysqlUri }: Services, { env, teardown }: StageOptions) {
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
