import { mkdir } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { freePort } from './freePort.ts';
import { findMongod } from './mongodBinary.ts';
import { createServerProcess, orClose, serverFolder, type ServerProcess } from './serverProcess.ts';

export interface MongodOptions {
  /** Server parameters, such as `{ ttlMonitorSleepSecs: 1 }`. `enableTestCommands` is always on. */
  readonly parameters?: Readonly<Record<string, string | number>>;
  /** More command line arguments: authorization, TLS, `--oplogSize`. */
  readonly args?: readonly string[];
  /** Of the storage engine; little by default, since tests start many. */
  readonly cacheGb?: number;
}

export interface Mongod extends ServerProcess {
  readonly port: number;
  /** `127.0.0.1:<port>` */
  readonly address: string;
  /** The folder of its data: to be copied, or put back, while it does not run. */
  readonly data: string;
}

/** The quiet period of a SIGTERM is for load balancers; ours would only make tests wait 15 s. */
const defaults = { enableTestCommands: 1, shutdownTimeoutMillisForSignaledShutdown: 100 };

/** Prepared, not started. */
export async function createMongod(
  options: MongodOptions & { readonly replicaSet?: string } = {},
): Promise<Mongod> {
  const { replicaSet, parameters = {}, args = [], cacheGb = 0.25 } = options;
  const program = await findMongod();
  const folder = await serverFolder('mongod');
  const port = await freePort();
  const data = join(folder, 'data');
  await mkdir(data);
  const server = createServerProcess({
    name: 'mongod',
    program,
    folder,
    args: [
      `--dbpath=${data}`,
      `--port=${port}`,
      '--bind_ip=127.0.0.1',
      '--nounixsocket',
      `--wiredTigerCacheSizeGB=${cacheGb}`,
      ...(replicaSet === undefined ? [] : [`--replSet=${replicaSet}`]),
      ...Object.entries({ ...defaults, ...parameters }).map(
        ([name, value]) => `--setParameter=${name}=${value}`,
      ),
      ...args,
    ],
    // mongod opens its port last, when it can serve.
    isReady: async () => await isListening(port),
  });
  return { ...server, port, address: `127.0.0.1:${port}`, data };
}

/** A server without a replica set: what the worker must refuse. */
export async function startStandaloneMongod(): Promise<Mongod & { readonly uri: string }> {
  const mongod = await createMongod();
  await orClose(mongod, mongod.start);
  return { ...mongod, uri: `mongodb://${mongod.address}/?directConnection=true` };
}

async function isListening(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  return await new Promise<boolean>((resolve) => {
    socket.once('connect', () => resolve(true));
    socket.once('error', () => resolve(false));
  }).finally(() => socket.destroy());
}
