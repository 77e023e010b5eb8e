import {
  createConnection,
  type Connection,
  type ResultSetHeader,
  type RowDataPacket,
} from 'mysql2/promise';
import type { IntegerId } from '../domain/integerId.ts';
import { ConfigurationError, toError } from '../runtime/errors.ts';
import { readText } from './routeRow.ts';

/** What is written of a webhook; what is undefined is kept, or left empty in a new one. */
export interface WebhookSetting {
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

const shapes = {
  account: ['accountID', SETTING],
  settings: ['accountID', 'configKey', 'configValue'],
  webhook: ['webhookID', 'accountID', 'name', 'url', 'headers', 'secret', 'isDefault'],
  flow: ['flowID', 'accountID', 'name', 'webhookEnabled'],
} as const;

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
      if (await hasColumns(connection, 'Accountconfig', shapes.settings)) {
        await connection.execute(
          `INSERT INTO Accountconfig (accountID, configKey, configValue) VALUES (?, '${SETTING}', ?)
           ON DUPLICATE KEY UPDATE configValue = VALUES(configValue)`,
          [id, value],
        );
        return;
      }
      await requireColumns(connection, 'Accountconfig', shapes.account);
      await connection.execute(
        `INSERT INTO Accountconfig (accountID, \`${SETTING}\`) VALUES (?, ?)
         ON DUPLICATE KEY UPDATE \`${SETTING}\` = VALUES(\`${SETTING}\`)`,
        [id, value],
      );
    },
    async setWebhook(webhook) {
      await requireColumns(connection, 'Webhook', shapes.webhook);
      return await inTransaction(connection, async () => await writeWebhook(connection, webhook));
    },
    async setFlow(flowId, accountId, isEnabled) {
      await requireColumns(connection, 'Flow', shapes.flow);
      return await inTransaction(connection, async () => {
        const id = String(flowId);
        const account = String(accountId);
        const [rows] = await connection.execute<RowDataPacket[]>(
          'SELECT accountID FROM Flow WHERE flowID = ? FOR UPDATE',
          [id],
        );
        const owner = rows[0]?.['accountID'] as unknown;
        if (owner !== undefined && String(owner) !== account) return false;
        await connection.execute(
          `INSERT INTO Flow (flowID, accountID, webhookEnabled) VALUES (?, ?, ?)
           ON DUPLICATE KEY UPDATE webhookEnabled = VALUES(webhookEnabled)`,
          [id, account, isEnabled ? 1 : 0],
        );
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
    'SELECT webhookID, headers, secret FROM Webhook WHERE accountID = ? AND name = ? FOR UPDATE',
    [account, name],
  );
  const [before] = rows;
  await connection.execute(
    'UPDATE Webhook SET isDefault = 0 WHERE accountID = ? AND isDefault = 1 AND name <> ?',
    [account, name],
  );
  const kept = jsonText(before?.['headers']);
  const headersText = headers === undefined ? kept : headers && JSON.stringify(headers);
  const secretText = secret === undefined ? readText(before?.['secret'] ?? null) : secret;
  if (before === undefined) {
    const [{ insertId }] = await connection.execute<ResultSetHeader>(
      'INSERT INTO Webhook (accountID, name, url, headers, secret, isDefault) VALUES (?, ?, ?, ?, ?, 1)',
      [account, name, url, headersText, secretText],
    );
    return { webhookId: insertId, isNew: true };
  }
  const webhookId = before['webhookID'] as IntegerId;
  await connection.execute(
    'UPDATE Webhook SET url = ?, headers = ?, secret = ?, isDefault = 1 WHERE webhookID = ?',
    [url, headersText, secretText, String(webhookId)],
  );
  return { webhookId, isNew: false };
}

/** A JSON column comes parsed from MySQL, and as text from MariaDB. */
function jsonText(value: unknown): string | null {
  if (value === null || value === undefined) return null;
  return typeof value === 'string' ? value : JSON.stringify(value);
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

async function hasColumns(
  connection: Connection,
  table: string,
  wanted: readonly string[],
): Promise<boolean> {
  return (await missingIn(connection, table, wanted)).length === 0;
}

async function requireColumns(
  connection: Connection,
  table: string,
  wanted: readonly string[],
): Promise<void> {
  const missing = await missingIn(connection, table, wanted);
  if (missing.length === 0) return;
  throw new OtherTables(
    missing.length === wanted.length
      ? `there is no table ${table}`
      : `the table ${table} has no ${missing.join(', ')}`,
  );
}

async function missingIn(
  connection: Connection,
  table: string,
  wanted: readonly string[],
): Promise<readonly string[]> {
  const [rows] = await connection.execute<RowDataPacket[]>(
    `SELECT COLUMN_NAME AS name FROM information_schema.COLUMNS
     WHERE TABLE_SCHEMA = DATABASE() AND TABLE_NAME = ?`,
    [table],
  );
  const names = new Set(rows.map((row) => String(row['name'])));
  return wanted.filter((name) => !names.has(name));
}
