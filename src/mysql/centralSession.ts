import { type Connection, createConnection, type RowDataPacket } from 'mysql2/promise';
import { waitAtMost } from '../runtime/abort.ts';
import { ConfigurationError, toError } from '../runtime/errors.ts';
import { RouteQueryError, toCheckError } from './errors.ts';
import { driverOptions, type MysqlServer } from './server.ts';

/** Who may read the central tables. Every call has a limit of time. */
export interface Reader {
  /** Rows of a SELECT, BIGINT beyond 2^53 as digits, JSON as text. */
  rows(
    sql: string,
    values: readonly string[],
  ): Promise<readonly Readonly<Record<string, unknown>>[]>;
}

/** One connection of a user who may write the central tables. */
export interface Session extends Reader {
  /** Of an INSERT the id it was given. */
  write(sql: string, values: readonly Value[]): Promise<{ readonly insertId: number }>;
  /** All of it or nothing; made again where the server gave it up for another's sake. */
  transaction<Result>(work: () => Promise<Result>): Promise<Result>;
  close(): Promise<void>;
}

type Value = string | number | null;

const CONNECT_TIMEOUT_MS = 5_000;
/** Longer than a command like these holds a lock. */
const CALL_TIMEOUT_MS = 15_000;
const CLOSE_TIMEOUT_MS = 1_000;
const DEADLOCK = 1213;
const TRIES = 5;

/** Rejects with a `ConfigurationError` for what can't be used, with a `RouteQueryError` when MySQL does not answer. */
export async function openSession(server: MysqlServer): Promise<Session> {
  const connection = await connect(server);
  const run = async (sql: string, values: readonly Value[]): Promise<unknown> => {
    const [result] = await connection.execute({
      ...{ sql, values: [...values], timeout: CALL_TIMEOUT_MS },
    });
    return result;
  };
  const once = async <Result>(work: () => Promise<Result>): Promise<Result> => {
    await connection.beginTransaction();
    try {
      const result = await work();
      await connection.commit();
      return result;
    } catch (error) {
      // Behind a call that was given up it would wait; the end of the connection does the same.
      if (typeof (error as { sqlState?: unknown }).sqlState === 'string') {
        await connection.rollback();
      } else connection.destroy();
      throw error;
    }
  };
  return {
    rows: async (sql, values) => (await run(sql, values)) as RowDataPacket[],
    write: async (sql, values) => (await run(sql, values)) as { insertId: number },
    async transaction(work) {
      for (let tries = 1; ; tries += 1) {
        try {
          return await once(work);
        } catch (error) {
          const isDeadlock = (error as { errno?: unknown }).errno === DEADLOCK;
          if (!isDeadlock || tries === TRIES) throw error;
        }
      }
    },
    async close() {
      await waitAtMost(
        CLOSE_TIMEOUT_MS,
        connection.end().catch(() => undefined),
      );
      connection.destroy();
    },
  };
}

async function connect(server: MysqlServer): Promise<Connection> {
  try {
    const connection = await createConnection({
      ...driverOptions(server),
      connectTimeout: CONNECT_TIMEOUT_MS,
      jsonStrings: true,
    });
    connection.on('error', () => undefined);
    return connection;
  } catch (thrown) {
    const error = toError(thrown);
    if (error instanceof TypeError) {
      throw new ConfigurationError(`MYSQL_ADMIN_URI can't be used: ${error.message}`);
    }
    const { kind, code, message } = toCheckError(error, 'a log-in');
    const sentence = `MYSQL_ADMIN_URI: ${message}`;
    if (kind === 'unavailable') throw new RouteQueryError(kind, code, sentence, { cause: error });
    throw new ConfigurationError(sentence, { cause: error });
  }
}

/** The tables are not those of the reference schema: what they mean is not for us to guess. */
export class OtherTables extends Error {
  override readonly name = 'OtherTables';
}

export const SETTING = 'account.sms.notifyOnDelivery';

/** A table of the reference schema: all its columns, and the keys that what is written here relies on. */
interface Shape {
  readonly table: string;
  readonly columns: readonly string[];
  readonly keys: readonly string[];
}

const accountColumn: Shape = {
  table: 'Accountconfig',
  columns: ['accountID', SETTING],
  keys: ['accountID'],
};
const accountRows: Shape = {
  table: 'Accountconfig',
  columns: ['accountID', 'configKey', 'configValue'],
  keys: ['accountID,configKey'],
};
const webhook: Shape = {
  table: 'Webhook',
  columns: [
    ...['webhookID', 'accountID', 'name', 'url', 'headers', 'secret', 'isDefault', 'defaultOf'],
  ],
  keys: ['webhookID', 'accountID,name', 'defaultOf'],
};
const flow: Shape = {
  table: 'Flow',
  columns: ['flowID', 'accountID', 'name', 'webhookEnabled'],
  keys: ['flowID'],
};

/** Throws `OtherTables`. */
export async function requireWebhookTable(session: Reader): Promise<void> {
  await requireShape(session, webhook);
}

/** Throws `OtherTables`. */
export async function requireFlowTable(session: Reader): Promise<void> {
  await requireShape(session, flow);
}

/** Which of its two shapes the table of accounts has. Throws `OtherTables` when it has neither. */
export async function accountTable(session: Reader): Promise<'column' | 'rows'> {
  if ((await differenceFrom(session, accountRows)) === null) return 'rows';
  await requireShape(session, accountColumn);
  return 'column';
}

async function requireShape(session: Reader, shape: Shape): Promise<void> {
  const difference = await differenceFrom(session, shape);
  if (difference !== null) throw new OtherTables(difference);
}

/** How the table there differs, in words; null when it does not. */
async function differenceFrom(
  session: Reader,
  { table, columns, keys }: Shape,
): Promise<string | null> {
  const names = await namesFrom(
    session,
    `SELECT COLUMN_NAME AS name FROM information_schema.COLUMNS
     WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = ?`,
    table,
  );
  if (names.length === 0) return `there is no table ${table}`;
  const missing = columns.filter((name) => !names.includes(name));
  if (missing.length > 0) return `the table ${table} has no ${missing.join(', ')}`;
  const more = names.filter((name) => !columns.includes(name));
  if (more.length > 0) return `the table ${table} has more columns: ${more.join(', ')}`;
  const unique = await namesFrom(
    session,
    `SELECT GROUP_CONCAT(COLUMN_NAME ORDER BY SEQ_IN_INDEX SEPARATOR ',') AS name
     FROM information_schema.STATISTICS
     WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = ? AND NON_UNIQUE = 0 GROUP BY INDEX_NAME`,
    table,
  );
  const lacking = keys.filter((key) => !unique.includes(key));
  return lacking.length === 0
    ? null
    : `the table ${table} has no unique key on ${lacking.join(' and ')}`;
}

async function namesFrom(session: Reader, sql: string, table: string): Promise<readonly string[]> {
  return (await session.rows(sql, [table])).map((row) => String(row['name']));
}
