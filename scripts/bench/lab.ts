import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MongoClient } from 'mongodb';
import { createConnection } from 'mysql2/promise';
import type { Teardown } from '../../src/runtime/teardown.ts';
import { freshBuild } from '../harness/freshBuild.ts';
import { orAborted } from '../harness/interruption.ts';
import { mysqlVersion } from '../harness/mysqlVersion.ts';
import { startServices } from '../services/startServices.ts';
import { buildBaselines } from './baselineProcess.ts';
import type { Contender } from './contender.ts';
import { contendersFor } from './contenders.ts';
import { createPlaces, type OpenPlace } from './places.ts';
import { startBenchReceiver, type BenchReceiver } from './receiver.ts';

/** What scenarios measure with. */
export interface Lab {
  readonly isQuick: boolean;
  /** How often each measurement is made. */
  readonly rounds: number;
  /** Statuses before those that count: V8 goes on compiling for some thousands. */
  readonly warmUp: number;
  readonly contenders: readonly Contender[];
  readonly receiver: BenchReceiver;
  readonly mongodPid: number;
  readonly versions: Readonly<Record<'mongodb' | 'mysql' | 'receiver', string>>;
  readonly signal: AbortSignal;
  readonly openPlace: OpenPlace;
  /** What later scenarios compare theirs with; null until it is known. */
  readonly earlier: { workerPerSecond: number | null };
  /** Says what is going on. */
  tell(text: string): void;
}

export interface LabOptions {
  readonly isQuick: boolean;
  readonly teardown: Teardown;
  readonly signal: AbortSignal;
  tell(text: string): void;
}

/** Holds the largest backlog, and what the worker writes meanwhile, on any disk. */
const OPLOG_MB = 4_096;
/** Holds all that any scenario works on: a database that has to read from its disk would be what is measured. */
const CACHE_GB = 4;

/** Brings everything up. What was started is registered with the teardown, also when this rejects. */
export async function openLab({ isQuick, teardown, signal, tell }: LabOptions): Promise<Lab> {
  tell('building');
  await orAborted(Promise.all([freshBuild(), buildBaselines()]), signal);
  const folder = await mkdtemp(join(tmpdir(), 'notify-on-delivery-bench-'));
  teardown.add('the folder', async () => await rm(folder, { recursive: true, force: true }));
  tell('starting MongoDB, MariaDB and the receiver');
  // Servers of others would not be alone with what is measured, nor could their CPU time be read.
  const starting = startServices({}, { args: [`--oplogSize=${OPLOG_MB}`], cacheGb: CACHE_GB });
  teardown.add('the servers', async () => await (await starting.catch(() => null))?.stop());
  const startingReceiver = startBenchReceiver();
  teardown.add('the receiver', async () => {
    await (await startingReceiver.catch(() => null))?.close();
  });
  const { mongodbUri, mysqlUri } = await orAborted(starting, signal);
  const receiver = await orAborted(startingReceiver, signal);

  const mongo = new MongoClient(mongodbUri);
  teardown.add('the MongoDB client', async () => await mongo.close());
  const status = await mongo.db('admin').command({ serverStatus: 1 });
  const mysql = await versionOf(mysqlUri);

  return {
    isQuick,
    rounds: isQuick ? 1 : 3,
    warmUp: isQuick ? 200 : 5_000,
    contenders: contendersFor(receiver),
    receiver,
    mongodPid: Number(status['pid']),
    versions: { mongodb: String(status['version']), mysql, receiver: receiver.description },
    signal,
    tell,
    openPlace: createPlaces({ mongodbUri, mysqlUri, folder }, mongo),
    earlier: { workerPerSecond: null },
  };
}

async function versionOf(mysqlUri: string): Promise<string> {
  const connection = await createConnection(mysqlUri);
  try {
    return await mysqlVersion(connection);
  } finally {
    await connection.end();
  }
}
