import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './freePort.ts';
import { findMongod } from './mongodBinary.ts';
import { createServerProcess, type ServerProcess } from './serverProcess.ts';

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
  /** Kills it and removes its data. */
  close(): Promise<void>;
}

/** Prepared, not started. */
export async function createMongod(
  options: MongodOptions & { readonly replicaSet?: string } = {},
): Promise<Mongod> {
  const { replicaSet, parameters = {}, args = [], cacheGb = 0.25 } = options;
  const program = await findMongod();
  const folder = await mkdtemp(join(tmpdir(), 'notify-on-delivery-mongod-'));
  const port = await freePort();
  const data = join(folder, 'data');
  await mkdir(data);
  const server = createServerProcess({
    name: 'mongod',
    program,
    logFile: join(folder, 'mongod.log'),
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
    isReady: async () => await accepts(port),
  });
  return {
    ...server,
    port,
    address: `127.0.0.1:${port}`,
    data,
    async close() {
      await server.kill();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** The quiet period of a SIGTERM is for load balancers; ours would only make tests wait 15 s. */
const defaults = { enableTestCommands: 1, shutdownTimeoutMillisForSignaledShutdown: 100 };

export interface StandaloneMongod extends Mongod {
  readonly uri: string;
}

/** A server without a replica set: what the worker must refuse. */
export async function startStandaloneMongod(
  options: MongodOptions = {},
): Promise<StandaloneMongod> {
  const mongod = await createMongod(options);
  try {
    await mongod.start();
  } catch (error) {
    await mongod.close();
    throw error;
  }
  return { ...mongod, uri: `mongodb://${mongod.address}/?directConnection=true` };
}

/** mongod opens its port last, when it can serve. */
async function accepts(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  return await new Promise<boolean>((resolve) => {
    socket.once('connect', () => resolve(true));
    socket.once('error', () => resolve(false));
  }).finally(() => socket.destroy());
}
