import { aptInstall } from './aptInstall.ts';
import { findProgram, runCommand } from './command.ts';
import { asRoot, dataArgs, initialiseMysql, type MysqlDistribution } from './mysqlDistribution.ts';
import { startMysqlServer, type MysqlServer, type MysqlServerOptions } from './mysqlServer.ts';

/** MariaDB, installed on the spot where that is possible. */
export async function startMariadb(options: MysqlServerOptions = {}): Promise<MysqlServer> {
  return await startMysqlServer(await findMariadb(), options);
}

/**
 * The server's programs alone: `mariadb-server` would also set up a system service and start it.
 * The client package brings a tool that `mariadb-install-db` calls.
 */
const packages = ['mariadb-server-core', 'mariadb-client-core'];
const advice =
  'No MariaDB or MySQL server was found: install one (Debian and Ubuntu: apt-get install ' +
  `${packages.join(' ')}), or set MYSQL_URI to a server.`;

const systemFolders = ['/usr/sbin', '/usr/local/sbin', '/usr/libexec', '/opt/homebrew/bin'];

async function findMariadb(): Promise<MysqlDistribution> {
  const find = async (): Promise<string | null> =>
    await findProgram(['mariadbd', 'mysqld'], systemFolders);
  let program = await find();
  if (program === null) {
    await aptInstall(packages, advice);
    program = await find();
  }
  if (program === null) throw new Error('MariaDB was installed, but there is no mariadbd.');
  return await describe(program);
}

async function describe(program: string): Promise<MysqlDistribution> {
  const said = await runCommand(program, ['--no-defaults', '--version'], { timeoutMs: 30_000 });
  const version = /Ver (\S+)/.exec(said)?.[1];
  if (version === undefined) throw new Error(`${program} does not say its version: ${said}`);
  const isMariadb = said.includes('MariaDB');
  return {
    id: `${isMariadb ? 'mariadb' : 'mysql'}-${version.replaceAll(/[^\w.-]/g, '_')}`,
    program,
    args: asRoot,
    async initialise(data) {
      if (isMariadb) await initialiseMariadb(data);
      else await initialiseMysql(program, data, asRoot);
    },
  };
}

async function initialiseMariadb(data: string): Promise<void> {
  const program = await findProgram(['mariadb-install-db', 'mysql_install_db'], systemFolders);
  if (program === null) {
    throw new Error('mariadb-install-db is missing: install the whole MariaDB server package.');
  }
  const args = ['--no-defaults', '--auth-root-authentication-method=normal', '--skip-test-db'];
  await runCommand(program, [...args, ...asRoot, `--datadir=${data}`, ...dataArgs], {
    timeoutMs: 120_000,
  });
}
