import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createConnection } from 'mysql2/promise';
import { freePort } from './freePort.ts';
import { dataArgs, type MysqlDistribution } from './mysqlDistribution.ts';
import { dataTemplate } from './mysqlTemplate.ts';
import { createServerProcess, type ServerProcess } from './serverProcess.ts';

export interface MysqlServerOptions {
  /** More command line arguments, such as TLS. */
  readonly args?: readonly string[];
}

export interface MysqlServer extends ServerProcess {
  readonly port: number;
  readonly socketPath: string;
  /** As `root`, no password, with the empty database `central`. */
  readonly uri: string;
  /** Kills it and removes its data. */
  close(): Promise<void>;
}

/** Little memory, and no more flushing than it takes to survive SIGKILL. */
const smallArgs = [
  '--innodb-buffer-pool-size=64M',
  '--innodb-flush-log-at-trx-commit=2',
  '--skip-log-bin',
  '--performance-schema=OFF',
];

export async function startMysqlServer(
  distribution: MysqlDistribution,
  { args = [] }: MysqlServerOptions = {},
): Promise<MysqlServer> {
  const template = await dataTemplate(distribution);
  const folder = await mkdtemp(join(tmpdir(), 'notify-on-delivery-mysql-'));
  const close = async (): Promise<void> => await rm(folder, { recursive: true, force: true });
  const data = join(folder, 'data');
  const socketPath = join(folder, 'mysqld.sock');
  const port = await freePort();
  const server = createServerProcess({
    name: distribution.id,
    program: distribution.program,
    logFile: join(folder, 'mysqld.log'),
    args: [
      '--no-defaults',
      ...distribution.args,
      `--datadir=${data}`,
      `--socket=${socketPath}`,
      `--pid-file=${folder}/mysqld.pid`,
      `--tmpdir=${folder}`,
      `--port=${port}`,
      '--bind-address=127.0.0.1',
      ...dataArgs,
      ...smallArgs,
      ...args,
    ],
    isReady: async () => await query(socketPath, 'SELECT 1'),
  });
  try {
    await cp(template, data, { recursive: true });
    await server.start();
    await query(socketPath, 'CREATE DATABASE central CHARACTER SET utf8mb4');
  } catch (error) {
    await server.kill();
    await close();
    throw error;
  }
  return {
    ...server,
    port,
    socketPath,
    uri: `mysql://root@127.0.0.1:${port}/central`,
    async close() {
      await server.kill();
      await close();
    },
  };
}

/** Through the socket, so that TLS or fewer rights for TCP are not in the way. */
async function query(socketPath: string, sql: string): Promise<true> {
  const connection = await createConnection({ socketPath, user: 'root', connectTimeout: 2000 });
  try {
    await connection.query(sql);
    return true;
  } finally {
    connection.destroy();
  }
}
