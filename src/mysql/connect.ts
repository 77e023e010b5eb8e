import mysql, { type Pool, type PoolConnection, type RowDataPacket } from 'mysql2/promise';
import { orAbort, withPatience } from '../runtime/abort.ts';
import { ConfigurationError, toError } from '../runtime/errors.ts';
import type { Logger } from '../runtime/logger.ts';
import { type Connections, createConnections } from './pool.ts';
import { driverOptions, type MysqlServer } from './server.ts';

export interface MysqlOptions {
  readonly server: MysqlServer;
  readonly poolSize: number;
  readonly connectTimeoutMs: number;
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
   * come as text, BIGINT beyond 2^53 as digits. Waits for a free connection as long as the signal allows.
   * Rejects with the driver's error or the signal's reason. `timeoutMs` after it was sent, the query is also ended
   * at the server. The code is then `QUERY_TIMEOUT`, or `CONNECTION_SILENT` if the server was not executing it:
   * the connection was dead.
   */
  query(
    sql: string,
    parameters: readonly (bigint | string)[],
    limits: QueryLimits,
  ): Promise<MysqlResult>;
  /** Running queries fail. Never waits for the server. */
  close(): Promise<void>;
}

interface QueryLimits {
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  /** Goes before all others that wait for a connection. */
  readonly isUrgent?: boolean;
}

/** Connects on first use. Throws a `ConfigurationError` for what the driver can't use. */
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
    return wasSilent
      ? fatal('CONNECTION_SILENT', `a connection was dead in silence for ${timeoutMs} ms`)
      : fatal('QUERY_TIMEOUT', `no answer within ${timeoutMs} ms`);
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
          // While this connection is still open: a server may drop or hide a session whose client is gone.
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

function createPool({ server, connectTimeoutMs }: MysqlOptions): Pool {
  try {
    return mysql.createPool({
      ...driverOptions(server),
      // Bounded by `createConnections`.
      connectionLimit: 1_000_000,
      connectTimeout: connectTimeoutMs,
      // If the driver parsed them, a value that is not JSON would close the connection.
      jsonStrings: true,
      // There is one query. For its default of 16,000 the driver reserves half a megabyte per connection.
      maxPreparedStatements: 16,
      enableKeepAlive: true,
      keepAliveInitialDelay: 30_000,
    });
  } catch (error) {
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
    rowsAsArray: true,
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

function fatal(code: string, message: string): Error {
  return Object.assign(new Error(message), { code, fatal: true });
}

/**
 * What happened to a query whose answer nobody waits for any more:
 * - ended: the server was executing it, and has killed it
 * - atRest: the server's session is not executing it: the query or the answer was lost
 * - absent: the server does not show that session: it is gone, or it runs a stored function with its definer's rights
 * - unknown: the server did not answer
 */
type LeftQuery = 'ended' | 'atRest' | 'absent' | 'unknown';

const PATIENCE_MS = 2_000;
const atWork = new Set<unknown>(['Execute', 'Query', 'Prepare']);

/**
 * A server continues a query although nobody waits for it any more: behind a lock that is held for minutes,
 * abandoned queries would take all its connections. A user may list and kill its own sessions without any
 * other privilege.
 */
async function endLeftQuery(
  connections: Connections,
  { threadId, leastMs, signal }: { threadId: number; leastMs: number; signal: AbortSignal },
): Promise<LeftQuery> {
  const work = async (connection: PoolConnection, isNew: boolean): Promise<LeftQuery> => {
    const [sessions] = await connection.query<RowDataPacket[][]>({
      sql: 'SHOW PROCESSLIST',
      rowsAsArray: true,
      nestTables: false,
      typeCast: true,
    });
    const isAtWork = sessions.some(
      ([id, _user, _host, _database, command, seconds]) =>
        Number(id) === threadId &&
        atWork.has(command) &&
        // In whole seconds. Another server's session with that id most likely has not run for so long.
        Number(seconds) >= Math.floor(leastMs / 1000) - 1,
    );
    if (!isAtWork) {
      // If one was silently dead, the idle ones most likely are as well, unless one of them has just answered.
      if (isNew) connections.dropIdle();
      return sessions.some(([id]) => Number(id) === threadId) ? 'atRest' : 'absent';
    }
    await connection.query(`KILL ${threadId}`);
    return 'ended';
  };
  try {
    return await withPatience(PATIENCE_MS, signal, async (patience) => {
      return await connections.lendNew(work, { signal: patience, isUrgent: true });
    });
  } catch {
    return 'unknown';
  }
}
