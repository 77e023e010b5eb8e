import { startMariadb } from './mariadb.ts';
import { startMysql8 } from './mysql8.ts';
import type { MysqlServer, MysqlServerOptions } from './mysqlServer.ts';

/** MariaDB, which is quick to come by; with `TEST_MYSQL=mysql8` MySQL's own 8. */
export async function startMysql(options: MysqlServerOptions = {}): Promise<MysqlServer> {
  const kind = process.env['TEST_MYSQL'] || 'mariadb';
  switch (kind) {
    case 'mariadb':
      return await startMariadb(options);
    case 'mysql8':
      return await startMysql8(options);
    default:
      throw new Error(`TEST_MYSQL is ${kind}; it can be mariadb or mysql8.`);
  }
}
