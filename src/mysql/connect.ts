import mysql, { type Pool, type PoolConnection, type RowDataPacket } from 'mysql2/promise';
import { onAbort } from '../runtime/abort.ts';
import { ConfigurationError, toError } from '../runtime/errors.ts';
import { createConnections } from './connections.ts';

export interface MysqlOptions {
  readonly uri: string;
  readonly poolSize: number;
  readonly connectTimeoutMs: number;
  /** PEM. With it connections are encrypted, and the server's certificate must be for its host. */
  readonly ca?: string | undefined;
}

export interface MysqlResult {
  /** Also known when there are no rows. */
  readonly columns: readonly string[];
  readonly rows: readonly (readonly unknown[])[];
}

export interface MysqlClient {
  /**
   * One statement with `?` for its parameters: a bigint is sent as BIGINT, a string as text. JSON columns
   * come as text, BIGINT beyond 2^53 as digits. Rejects with the driver's error, with the code
   * `QUERY_TIMEOUT` when all of it, waiting for a free connection included, took longer than `timeoutMs`,
   * or with the signal's reason.
   */
  query(
    sql: string,
    parameters: readonly (bigint | string)[],
    limits: Readonly<{ timeoutMs: number; signal: AbortSignal }>,
  ): Promise<MysqlResult>;
  /** Queries still under way fail. Never waits for the server. */
  close(): Promise<void>;
}

/** Connects on first use. Throws a `ConfigurationError` for a URI that can't be used. */
export function createMysqlClient(options: MysqlOptions): MysqlClient {
  const connections = createConnections(createPool(options));
  return {
    async query(sql, parameters, { timeoutMs, signal }) {
      signal.throwIfAborted();
      const bound = new AbortController();
      const forget = onAbort(signal, (reason) => bound.abort(reason));
      const timer = setTimeout(() => {
        bound.abort(queryTimeout(timeoutMs));
        connections.dropIdle();
      }, timeoutMs);
      try {
        return await connections.lend(
          async (connection) => await execute(connection, sql, parameters),
          bound.signal,
        );
      } finally {
        clearTimeout(timer);
        forget();
      }
    },
    async close() {
      connections.close();
    },
  };
}

function createPool({ uri, poolSize, connectTimeoutMs, ca }: MysqlOptions): Pool {
  try {
    return mysql.createPool({
      uri,
      connectionLimit: poolSize,
      connectTimeout: connectTimeoutMs,
      supportBigNumbers: true,
      // Parsed by the driver, a value that is no JSON after all would cost the connection.
      jsonStrings: true,
      // There is one query. For its default of 16,000 the driver reserves half a megabyte per connection.
      maxPreparedStatements: 16,
      enableKeepAlive: true,
      keepAliveInitialDelay: 30_000,
      ...(ca === undefined ? {} : { ssl: { ca, verifyIdentity: true } }),
    });
  } catch (error) {
    // Without a cause: a URL error carries the whole URI, password included.
    throw new ConfigurationError(`MYSQL_URI cannot be used: ${toError(error).message}`);
  }
}

/**
 * As a prepared statement, so that text needs no escaping (which depends on the server's sql_mode). A
 * plain JavaScript number would be sent as DOUBLE, exact to 2^53 only and compared without an index.
 */
async function execute(
  connection: PoolConnection,
  sql: string,
  parameters: readonly (bigint | string)[],
): Promise<MysqlResult> {
  const values = parameters.map((value) =>
    typeof value === 'bigint' ? mysql.TypedParameter.LONGLONG(value) : value,
  );
  const [rows, fields] = await connection.execute<RowDataPacket[][]>({
    sql,
    values,
    // Said here as well, since query options of the URI would decide otherwise.
    rowsAsArray: true,
    nestTables: false,
    typeCast: true,
  });
  return { columns: fields.map((field) => field.name), rows };
}

function queryTimeout(timeoutMs: number): Error {
  const error = new Error(`no answer within ${timeoutMs} ms`);
  return Object.assign(error, { code: 'QUERY_TIMEOUT', fatal: true });
}
