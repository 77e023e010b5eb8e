import { startMariadb } from './mariadb.ts';
import type { MysqlServer, MysqlServerOptions } from './mysqlServer.ts';

/** MariaDB. */
export async function startMysql(options: MysqlServerOptions = {}): Promise<MysqlServer> {
  return startMariadb(options);
}
