import { join } from 'node:path';
import { expectToRun } from './expectToRun.ts';
import { fetchMysql8 } from './mysql8Download.ts';
import { asRoot, initialiseMysql } from './mysqlDistribution.ts';
import { startMysqlServer, type MysqlServer, type MysqlServerOptions } from './mysqlServer.ts';

/** MySQL's own 8.0.15: what MariaDB can't show, such as its login and its JSON and plan differences. */
export async function startMysql8(options: MysqlServerOptions = {}): Promise<MysqlServer> {
  const folder = await fetchMysql8();
  const program = join(folder, 'bin', 'mysqld');
  await expectToRun(program);
  const args = [...asRoot, `--basedir=${folder}`, `--lc-messages-dir=${join(folder, 'share')}`];
  const distribution = {
    id: 'mysql-8.0.15',
    program,
    args: [...args, '--mysqlx=OFF'],
    async initialise(data: string) {
      await initialiseMysql(program, data, args);
    },
  };
  return await startMysqlServer(distribution, options);
}
