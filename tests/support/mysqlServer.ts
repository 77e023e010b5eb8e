import { toMysqlServer, type MysqlServer } from '../../config/mysqlServer.ts';
import { mysqlUri } from '../../config/uris.ts';

/** The server of a connection string, as the worker reads it. Throws for what it refuses. */
export function mysqlServerOf(uri: string, ca: string | null = null): MysqlServer {
  const caFile = ca === null ? null : { path: '/ca.pem', text: ca };
  const readFile = (): string => '';
  const server = toMysqlServer(mysqlUri.parse(uri), {
    variable: 'MYSQL_URI',
    ca: caFile,
    readFile,
  });
  if (!server.ok) throw new Error(`${server.problem.message}; ${server.problem.remedy}`);
  return server.value;
}
