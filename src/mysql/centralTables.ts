import {
  createConnection,
  type Connection,
  type ResultSetHeader,
  type RowDataPacket,
} from 'mysql2/promise';
import type { IntegerId } from '../domain/integerId.ts';
import { ConfigurationError, toError } from '../runtime/errors.ts';

/** What is written of a webhook; what is undefined is kept, or left empty in a new one. */
interface WebhookSetting {
  readonly accountId: IntegerId;
  readonly name: string;
  readonly url: string;
  /** Null for none. */
  readonly headers: Readonly<Record<string, string>> | null | undefined;
  /** Null for none. */
  readonly secret: string | null | undefined;
}

/** Writes the three settings that make an account be told, into tables of the reference schema only. */
export interface CentralTables {
  /** Step 1, in either shape of the table. */
  setAccount(accountId: IntegerId, isEnabled: boolean): Promise<void>;
  /** Step 2: the account's webhook of that name, made its default. */
  setWebhook(
    webhook: WebhookSetting,
  ): Promise<{ readonly webhookId: IntegerId; readonly isNew: boolean }>;
  /** Step 3. False for a flow of another account, which is left alone. */
  setFlow(flowId: IntegerId, accountId: IntegerId, isEnabled: boolean): Promise<boolean>;
  close(): Promise<void>;
}

/** The tables are not those of the reference schema: what they mean is not for us to guess. */
export class OtherTables extends Error {
  override readonly name = 'OtherTables';
}

const SETTING = 'account.sms.notifyOnDelivery';
const CONNECT_TIMEOUT_MS = 5_000;

/** A table of the reference schema: all its columns, and the keys that what is written here relies on. */
interface Shape {
  readonly table: string;
  readonly columns: readonly string[];
  readonly keys: readonly string[];
}

const shapes = {
  account: { table: 'Accountconfig', columns: ['accountID', SETTING], keys: ['accountID'] },
  settings: {
    table: 'Accountconfig',
    columns: ['accountID', 'configKey', 'configValue'],
    keys: ['accountID,configKey'],
  },
  webhook: {
    table: 'Webhook',
    columns: [
      ...['webhookID', 'accountID', 'name', 'url', 'headers', 'secret', 'isDefault', 'defaultOf'],
    ],
    keys: ['webhookID', 'accountID,name', 'defaultOf'],
  },
  flow: {
    table: 'Flow',
    columns: ['flowID', 'accountID', 'name', 'webhookEnabled'],
    keys: ['flowID'],
  },
} as const satisfies Record<string, Shape>;

/** Rejects with the driver's error, or a `ConfigurationError` for a URI that can't be used. */
export async function openCentralTables(options: {
  readonly uri: string;
  readonly ca: string | null;
}): Promise<CentralTables> {
  const connection = await connect(options);
  return {
    async setAccount(accountId, isEnabled) {
      const id = String(accountId);
      const value = String(isEnabled);
      if ((await differenceFrom(connection, shapes.settings)) === null) {
        await connection.execute(
          `INSERT INTO Accountconfig (accountID, configKey, configValue) VALUES (?, '${SETTING}', ?)
           ON DUPLICATE KEY UPDATE configValue = VALUES(configValue)`,
          [id, value],
        );
        return;
      }
      await requireShape(connection, shapes.account);
      await connection.execute(
        `INSERT INTO Accountconfig (accountID, \`${SETTING}\`) VALUES (?, ?)
         ON DUPLICATE KEY UPDATE \`${SETTING}\` = VALUES(\`${SETTING}\`)`,
        [id, value],
      );
    },
    async setWebhook(webhook) {
      await requireShape(connection, shapes.webhook);
      return await inTransaction(connection, async () => await writeWebhook(connection, webhook));
    },
    async setFlow(flowId, accountId, isEnabled) {
      await requireShape(connection, shapes.flow);
      return await inTransaction(connection, async () => {
        const id = String(flowId);
        const account = String(accountId);
        const [rows] = await connection.execute<RowDataPacket[]>(
          'SELECT accountID FROM Flow WHERE flowID = ? FOR UPDATE',
          [id],
        );
        const owner = rows[0]?.['accountID'] as number | string | undefined;
        if (owner !== undefined && String(owner) !== account) return false;
        const enabled = isEnabled ? 1 : 0;
        await (owner === undefined
          ? connection.execute(
              'INSERT INTO Flow (flowID, accountID, webhookEnabled) VALUES (?, ?, ?)',
              [id, account, enabled],
            )
          : connection.execute('UPDATE Flow SET webhookEnabled = ? WHERE flowID = ?', [
              enabled,
              id,
            ]));
        return true;
      });
    },
    async close() {
      await connection.end();
    },
  };
}

async function connect({ uri, ca }: { uri: string; ca: string | null }): Promise<Connection> {
  try {
    const connection = await createConnection({
      uri,
      connectTimeout: CONNECT_TIMEOUT_MS,
      supportBigNumbers: true,
      ...(ca === null ? {} : { ssl: { ca, verifyIdentity: true } }),
    });
    connection.on('error', () => undefined);
    return connection;
  } catch (thrown) {
    // Without a cause: a URL error carries the whole URI, password included.
    const error = toError(thrown);
    if (error instanceof TypeError) {
      throw new ConfigurationError(`MYSQL_ADMIN_URI cannot be used: ${error.message}`);
    }
    throw error;
  }
}

async function writeWebhook(
  connection: Connection,
  { accountId, name, url, headers, secret }: WebhookSetting,
): Promise<{ readonly webhookId: IntegerId; readonly isNew: boolean }> {
  const account = String(accountId);
  const [rows] = await connection.execute<RowDataPacket[]>(
    'SELECT webhookID FROM Webhook WHERE accountID = ? AND name = ? FOR UPDATE',
    [account, name],
  );
  await connection.execute(
    'UPDATE Webhook SET isDefault = 0 WHERE accountID = ? AND isDefault = 1 AND name <> ?',
    [account, name],
  );
  const given = {
    url,
    ...(headers === undefined ? {} : { headers: headers && JSON.stringify(headers) }),
    ...(secret === undefined ? {} : { secret }),
    isDefault: 1,
  };
  const before = rows[0]?.['webhookID'] as IntegerId | undefined;
  if (before !== undefined) {
    const changes = Object.keys(given).map((column) => `${column} = ?`);
    await connection.execute(`UPDATE Webhook SET ${changes.join(', ')} WHERE webhookID = ?`, [
      ...Object.values(given),
      String(before),
    ]);
    return { webhookId: before, isNew: false };
  }
  const row = { accountID: account, name, ...given };
  const [{ insertId }] = await connection.execute<ResultSetHeader>(
    `INSERT INTO Webhook (${Object.keys(row).join(', ')}) VALUES (${Object.keys(row)
      .map(() => '?')
      .join(', ')})`,
    Object.values(row),
  );
  return { webhookId: insertId, isNew: true };
}

async function inTransaction<Result>(
  connection: Connection,
  work: () => Promise<Result>,
): Promise<Result> {
  await connection.beginTransaction();
  try {
    const result = await work();
    await connection.commit();
    return result;
  } catch (error) {
    await connection.rollback();
    throw error;
  }
}

async function requireShape(connection: Connection, shape: Shape): Promise<void> {
  const difference = await differenceFrom(connection, shape);
  if (difference !== null) throw new OtherTables(difference);
}

/** How the table there differs, in words; null when it does not. */
async function differenceFrom(
  connection: Connection,
  { table, columns, keys }: Shape,
): Promise<string | null> {
  const names = await read(
    connection,
    `SELECT COLUMN_NAME AS name FROM information_schema.COLUMNS
     WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = ?`,
    table,
  );
  if (names.length === 0) return `there is no table ${table}`;
  const missing = columns.filter((name) => !names.includes(name));
  if (missing.length > 0) return `the table ${table} has no ${missing.join(', ')}`;
  const more = names.filter((name) => !columns.includes(name));
  if (more.length > 0) return `the table ${table} has more columns: ${more.join(', ')}`;
  const unique = await read(
    connection,
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

async function read(
  connection: Connection,
  sql: string,
  table: string,
): Promise<readonly string[]> {
  const [rows] = await connection.execute<RowDataPacket[]>(sql, [table]);
  return rows.map((row) => String(row['name']));
}
