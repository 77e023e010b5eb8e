import mysql, { type Pool, type PoolConnection, type RowDataPacket } from 'mysql2/promise';
import { orAbort } from '../runtime/abort.ts';
import { ConfigurationError, toError } from '../runtime/errors.ts';
import type { Logger } from '../runtime/logger.ts';
import { createConnections } from './connections.ts';
import { endLeftQuery } from './leftQuery.ts';

export interface MysqlOptions {
  readonly uri: string;
  readonly poolSize: number;
  readonly connectTimeoutMs: number;
  /** PEM. With it connections are encrypted, and the server's certificate must be for its host. */
  readonly ca?: string | undefined;
  readonly logger?: Pick<Logger, 'warn'>;
}

export interface MysqlResult {
  /** Also known when there are no rows. */
  readonly columns: readonly string[];
  readonly rows: readonly (readonly unknown[])[];
}

export interface MysqlClient {
  /**
   * One statement with `?` for its parameters: a bigint is sent as BIGINT, a string as text. JSON columns
   * come as text, BIGINT beyond 2^53 as digits. Waits for a free connection for as long as the signal allows.
   * Rejects with the driver's error or the signal's reason. With `timeoutMs` over since it was sent, it is ended
   * at the server as well, and the code is `QUERY_TIMEOUT`, or `CONNECTION_SILENT` when the server was not at it:
   * then the connection was dead.
   */
  query(
    sql: string,
    parameters: readonly (bigint | string)[],
    limits: QueryLimits,
  ): Promise<MysqlResult>;
  /** Queries still under way fail. Never waits for the server. */
  close(): Promise<void>;
}

interface QueryLimits {
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  /** Goes before all others that wait for a connection. */
  readonly isUrgent?: boolean;
}

/** Connects on first use. Throws a `ConfigurationError` for a URI that can't be used. */
export function createMysqlClient(options: MysqlOptions): MysqlClient {
  const { poolSize, logger } = options;
  const connections = createConnections(createPool(options), {
    size: poolSize,
    onFewer(open, { message }) {
      logger?.warn('mysql_fewer_connections', { open, wanted: poolSize, problem: message });
    },
  });
  const giveUp = async (
    { threadId, stands }: { threadId: number; stands: boolean },
    { timeoutMs, signal }: QueryLimits,
  ): Promise<Error> => {
    const left = await endLeftQuery(connections, { threadId, leastMs: timeoutMs, signal });
    if (left === 'unknown') connections.dropIdle();
    const wasSilent = left === 'atRest' || (left === 'absent' && stands);
    return wasSilent ? silentConnection(timeoutMs) : queryTimeout(timeoutMs);
  };
  return {
    async query(sql, parameters, limits) {
      const { timeoutMs } = limits;
      const given = { threadId: 0 };
      const work = async (connection: PoolConnection): Promise<MysqlResult> => {
        given.threadId = connection.threadId;
        try {
          return await within(timeoutMs, execute(connection, sql, parameters));
        } catch (error) {
          // While this one still stands, since a server may drop a session whose client has gone, or show it no more.
          const canLook = error instanceof TimeIsUp && connections.canLend();
          throw canLook ? await giveUp({ ...given, stands: true }, limits) : error;
        }
      };
      try {
        return await connections.lend(work, limits);
      } catch (error) {
        if (!(error instanceof TimeIsUp)) throw error;
        throw await giveUp({ ...given, stands: false }, limits);
      }
    },
    async close() {
      connections.close();
    },
  };
}

function createPool({ uri, connectTimeoutMs, ca }: MysqlOptions): Pool {
  try {
    return mysql.createPool({
      uri,
      // Bounded by `createConnections`.
      connectionLimit: 1_000_000,
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

class TimeIsUp extends Error {}

async function within<Result>(timeoutMs: number, answer: Promise<Result>): Promise<Result> {
  const timeIsUp = new AbortController();
  const timer = setTimeout(() => timeIsUp.abort(new TimeIsUp()), timeoutMs);
  try {
    return await orAbort(answer, timeIsUp.signal);
  } finally {
    clearTimeout(timer);
  }
}

function queryTimeout(timeoutMs: number): Error {
  const error = new Error(`no answer within ${timeoutMs} ms`);
  return Object.assign(error, { code: 'QUERY_TIMEOUT', fatal: true });
}

function silentConnection(timeoutMs: number): Error {
  const error = new Error(`a connection was dead in silence for ${timeoutMs} ms`);
  return Object.assign(error, { code: 'CONNECTION_SILENT', fatal: true });
}
