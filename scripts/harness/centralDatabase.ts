import { fileURLToPath } from 'node:url';
import {
  createConnection,
  type Connection,
  type ResultSetHeader,
  type RowDataPacket,
} from 'mysql2/promise';
import { loadSchema } from '../services/mysql.ts';

interface WebhookRow {
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly secret?: string;
}

const schemaFile = fileURLToPath(new URL('../../config/central-schema.sql', import.meta.url));

export type CentralDatabase = Awaited<ReturnType<typeof openCentralDatabase>>;

/**
 * The central database as its own programs write it: the three steps of the set-up. Connects to the database the URI
 * names and makes the reference tables where they are missing.
 */
export async function openCentralDatabase(mysqlUri: string) {
  await loadSchema(mysqlUri, schemaFile);
  const connection = await createConnection(mysqlUri);
  connection.on('error', () => undefined);
  /** Step 1. */
  const setAccount = async (accountId: number, notifyOnDelivery: string | null): Promise<void> => {
    await connection.query(
      'REPLACE INTO Accountconfig (accountID, `account.sms.notifyOnDelivery`) VALUES (?, ?)',
      [accountId, notifyOnDelivery],
    );
  };
  /** Step 2: makes or replaces the account's default webhook; its id. */
  const setDefaultWebhook = async (
    accountId: number,
    { url, headers, secret }: WebhookRow,
  ): Promise<number> => {
    const [result] = await connection.query<ResultSetHeader>(
      "REPLACE INTO Webhook (accountID, name, url, headers, secret, isDefault) VALUES (?, 'default', ?, ?, ?, 1)",
      [accountId, url, headers === undefined ? null : JSON.stringify(headers), secret ?? null],
    );
    return result.insertId;
  };
  /** Step 3. */
  const setFlow = async (
    flowId: number,
    accountId: number,
    webhookEnabled: boolean,
  ): Promise<void> => {
    await connection.query(
      'REPLACE INTO Flow (flowID, accountID, name, webhookEnabled) VALUES (?, ?, ?, ?)',
      [flowId, accountId, `flow ${flowId}`, webhookEnabled ? 1 : 0],
    );
  };
  return {
    connection,
    setAccount,
    setDefaultWebhook,
    setFlow,
    /** All three. */
    async optIn(accountId: number, flowId: number, webhook: WebhookRow): Promise<number> {
      await setAccount(accountId, 'true');
      await setFlow(flowId, accountId, true);
      return await setDefaultWebhook(accountId, webhook);
    },
    close: async (): Promise<void> => await connection.end(),
  };
}

/** The product and its number, without what the distribution adds: `MariaDB 10.11.6`. */
export async function mysqlVersion(connection: Connection): Promise<string> {
  const [rows] = await connection.query<RowDataPacket[]>('SELECT VERSION() AS version');
  const [number, ...flavour] = String(rows[0]?.['version']).split('-');
  return `${flavour.includes('MariaDB') ? 'MariaDB' : 'MySQL'} ${number}`;
}
