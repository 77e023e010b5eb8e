import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MongoClient } from 'mongodb';
import { createConnection } from 'mysql2/promise';
import { orAbort } from '../../src/runtime/abort.ts';
import type { Teardown } from '../../src/runtime/teardown.ts';
import { freshBuild } from '../harness/builtWorker.ts';
import { mysqlVersion } from '../harness/centralDatabase.ts';
import { startServices } from '../services/startServices.ts';
import { buildBaselines } from './baselineProcess.ts';
import { builds, contendersFor } from './contenders.ts';
import { createPlaces } from './places.ts';
import { goReceiver, startReceiver } from './receiver.ts';

/** What scenarios measure with. */
export type Lab = Awaited<ReturnType<typeof openLab>>;

interface LabOptions {
  readonly isQuick: boolean;
  /** A built checkout whose worker takes the place of simpler ways of doing the work; null for none. */
  readonly against: string | null;
  /** The folder for the worker's CPU profiles; null for none. */
  readonly profileTo: string | null;
  readonly teardown: Teardown;
  readonly signal: AbortSignal;
  /** Shows what is going on. */
  readonly log: (text: string) => void;
}

/** Holds the largest backlog, and what the worker writes meanwhile, on any disk. */
const OPLOG_MB = 4_096;
/** Holds all that any scenario works on: a database that has to read from its disk would be what is measured. */
const CACHE_GB = 4;

/** Brings everything up. What was started is registered with the teardown, also when this rejects. */
export async function openLab({ teardown, ...options }: LabOptions) {
  const { isQuick, against, profileTo, signal, log } = options;
  log('building');
  await orAbort(Promise.all([freshBuild(), buildBaselines()]), signal);
  const folder = await mkdtemp(join(tmpdir(), 'notify-on-delivery-bench-'));
  teardown.add('the folder', async () => await rm(folder, { recursive: true, force: true }));
  log('starting MongoDB, MariaDB and the receiver');
  // Servers of others would not be alone with what is measured, nor could their CPU time be read.
  const starting = startServices({}, { args: [`--oplogSize=${OPLOG_MB}`], cacheGb: CACHE_GB });
  teardown.add('the servers', async () => await (await starting.catch(() => null))?.stop());
  const building = goReceiver();
  const startingReceiver = building.then(startReceiver);
  teardown.add('the receiver', async () => {
    await (await startingReceiver.catch(() => null))?.close();
  });
  const { mongodbUri, mysqlUri } = await orAbort(starting, signal);
  const receiver = await orAbort(startingReceiver, signal);

  const mongo = new MongoClient(mongodbUri);
  teardown.add('the MongoDB client', async () => await mongo.close());
  const status = await mongo.db('admin').command({ serverStatus: 1 });
  await using mysql = await createConnection(mysqlUri);
  return {
    ...options,
    /** How often each measurement is made. */
    rounds: isQuick ? 1 : 3,
    /** Statuses before those that count: V8 goes on compiling for some thousands. */
    warmUp: isQuick ? 200 : 5_000,
    contenders: against === null ? contendersFor(receiver) : builds(receiver, against),
    receiver,
    /** Starts another receiver, at this address. */
    openReceiver: async (at: string) => await startReceiver(await building, at),
    mongodPid: Number(status['pid']),
    versions: {
      mongodb: String(status['version']),
      mysql: await mysqlVersion(mysql),
      receiver: receiver.description,
    },
    openPlace: createPlaces({ mongodbUri, mysqlUri, folder, profileTo }, mongo),
    /** What later scenarios compare theirs with; null until it is known. */
    earlier: { workerPerSecond: null as number | null },
  };
}
