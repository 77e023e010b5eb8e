import { cp, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createConnection } from 'mysql2/promise';
import { cached } from './cacheFolder.ts';
import { runCommand } from './command.ts';
import { freePort } from './freePort.ts';
import { findMysql } from './mysqlDistributions.ts';
import { createServerProcess, orClose, serverFolder, type ServerProcess } from './serverProcess.ts';

export interface MysqlServer extends ServerProcess {
  readonly port: number;
  readonly socketPath: string;
  /** As `root`, no password, with the empty database `central`. */
  readonly uri: string;
}

/** Small files. Needed when the data folder is made and at every start. */
const dataArgs = ['--innodb-log-file-size=8M', '--character-set-server=utf8mb4'];

/** Little memory, and no more flushing than it takes to survive SIGKILL. */
const smallArgs = [
  '--innodb-buffer-pool-size=64M',
  '--innodb-flush-log-at-trx-commit=2',
  '--skip-log-bin',
  '--performance-schema=OFF',
];

/** @param args more command line arguments, such as TLS */
export async function startMysql({
  args = [],
}: { readonly args?: readonly string[] } = {}): Promise<MysqlServer> {
  const distribution = await findMysql();
  const folder = await serverFolder('mysql');
  const data = join(folder, 'data');
  const socketPath = join(folder, 'mysqld.sock');
  const port = await freePort();
  const server = createServerProcess({
    name: distribution.id,
    program: distribution.program,
    folder,
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
  return await orClose(server, async () => {
    // A fresh data folder takes seconds to make and milliseconds to copy, so one is kept per version.
    const template = await cached(`${distribution.id}-data`, async (scratch) => {
      const made = join(scratch, 'data');
      const [program, ...initialArgs] = distribution.initialise;
      const all = [...initialArgs, ...dataArgs, `--datadir=${made}`];
      await runCommand(program, all, { timeoutMs: 120_000 });
      return made;
    });
    await cp(template, data, { recursive: true });
    await server.start();
    await query(socketPath, 'CREATE DATABASE central CHARACTER SET utf8mb4');
    return { ...server, port, socketPath, uri: `mysql://root@127.0.0.1:${port}/central` };
  });
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

/** Runs a file of SQL statements in the database that the URI names, which is made when absent. */
export async function loadSchema(mysqlUri: string, file: string): Promise<void> {
  const target = new URL(mysqlUri);
  const database = decodeURIComponent(target.pathname.slice(1));
  target.pathname = '';
  await using connection = await createConnection({ uri: target.href, multipleStatements: true });
  await connection.query('CREATE DATABASE IF NOT EXISTS ??', [database]);
  await connection.query('USE ??', [database]);
  await connection.query(await readFile(file, 'utf8'));
}
