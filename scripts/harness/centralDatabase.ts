import { fileURLToPath } from 'node:url';
import { createConnection, type Connection } from 'mysql2/promise';
import { loadSchema } from '../services/loadSchema.ts';

interface WebhookRow {
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly secret?: string;
}

/** The central database as its own programs write it: the three steps of the set-up. */
export interface CentralDatabase {
  readonly connection: Connection;
  /** Step 1. */
  setAccount(accountId: number, notifyOnDelivery: string | null): Promise<void>;
  /** Step 2: makes or replaces the account's default webhook; its id. */
  setDefaultWebhook(accountId: number, webhook: WebhookRow): Promise<number>;
  /** Step 3. */
  setFlow(flowId: number, accountId: number, webhookEnabled: boolean): Promise<void>;
  /** All three. */
  optIn(accountId: number, flowId: number, webhook: WebhookRow): Promise<number>;
  close(): Promise<void>;
}

const schemaFile = fileURLToPath(new URL('../../config/central-schema.sql', import.meta.url));

/** Connects to the database the URI names and makes the reference tables where they are missing. */
export async function openCentralDatabase(mysqlUri: string): Promise<CentralDatabase> {
  await loadSchema(mysqlUri, schemaFile);
  const connection = await createConnection(mysqlUri);
  connection.on('error', () => undefined);
  const central: CentralDatabase = {
    connection,
    async setAccount(accountId, notifyOnDelivery) {
      await connection.query(
        'REPLACE INTO Accountconfig (accountID, `account.sms.notifyOnDelivery`) VALUES (?, ?)',
        [accountId, notifyOnDelivery],
      );
    },
    async setDefaultWebhook(accountId, { url, headers, secret }) {
      const [result] = await connection.query(
        "REPLACE INTO Webhook (accountID, name, url, headers, secret, isDefault) VALUES (?, 'default', ?, ?, ?, 1)",
        [accountId, url, headers === undefined ? null : JSON.stringify(headers), secret ?? null],
      );
      return (result as { readonly insertId: number }).insertId;
    },
    async setFlow(flowId, accountId, webhookEnabled) {
      await connection.query(
        'REPLACE INTO Flow (flowID, accountID, name, webhookEnabled) VALUES (?, ?, ?, ?)',
        [flowId, accountId, `flow ${flowId}`, webhookEnabled ? 1 : 0],
      );
    },
    async optIn(accountId, flowId, webhook) {
      await central.setAccount(accountId, 'true');
      await central.setFlow(flowId, accountId, true);
      return await central.setDefaultWebhook(accountId, webhook);
    },
    async close() {
      await connection.end();
    },
  };
  return central;
}
