import type { IntegerId } from '../domain/ids.ts';
import { countSecrets, type SecretChange } from '../domain/secretRotation.ts';
import {
  accountTable,
  openSession,
  type Reader,
  requireFlowTable,
  requireWebhookTable,
  SETTING,
} from './centralSession.ts';
import type { MysqlClient } from './connect.ts';
import type { MysqlServer } from './server.ts';
import {
  addWebhook,
  changeWebhook,
  type DefaultMade,
  makeDefault,
  type NewWebhook,
  type WebhookAdded,
  type WebhookChange,
  type WebhookChanged,
  type WebhookId,
} from './webhookChanges.ts';
import {
  changeSecret,
  displayOf,
  type SecretWritten,
  type StoredWebhook,
  type WebhookSetting,
  type WebhookWritten,
  type Which,
  writeWebhook,
} from './webhookRows.ts';

export type CentralTables = Awaited<ReturnType<typeof openCentralTables>>;

/**
 * Reads and writes the three settings that enable notifications for an account, in tables of the reference schema only:
 * for other tables each call rejects with `OtherTables`. Rejects with a `ConfigurationError` that says why the server
 * can't be used.
 */
export async function openCentralTables(server: MysqlServer) {
  const session = await openSession(server);
  return {
    /** Step 1, in either shape of the table. */
    async setAccount(accountId: IntegerId, isEnabled: boolean): Promise<void> {
      const values = [String(accountId), String(isEnabled)];
      await session.write(setAccountIn[await accountTable(session)], values);
    },
    /** Step 2: the account's webhook of that name, made its default. */
    setWebhook: async (webhook: WebhookSetting): Promise<WebhookWritten> =>
      await writeWebhook(session, webhook),
    /** One more webhook of the account. */
    addWebhook: async (webhook: NewWebhook): Promise<WebhookAdded> =>
      await addWebhook(session, webhook),
    /** What is given of one webhook; whether it is the default stays as it is. */
    changeWebhook: async (id: WebhookId, change: WebhookChange): Promise<WebhookChanged> =>
      await changeWebhook(session, id, change),
    /** Nothing else of the webhook changes. */
    makeDefault: async (id: WebhookId): Promise<DefaultMade> => await makeDefault(session, id),
    changeSecret: async (
      accountId: IntegerId,
      which: Which,
      change: (secret: string | null) => SecretChange,
    ): Promise<SecretWritten> => await changeSecret(session, { accountId, which }, change),
    /** Step 3. False for a flow of another account, which is left unchanged. */
    async setFlow(flowId: IntegerId, accountId: IntegerId, isEnabled: boolean): Promise<boolean> {
      await requireFlowTable(session);
      return await session.transaction(async () => {
        const [id, account] = [String(flowId), String(accountId)];
        const [flow] = await session.rows(
          'SELECT accountID FROM Flow WHERE flowID = ? FOR UPDATE',
          [id],
        );
        if (flow !== undefined && String(flow['accountID']) !== account) return false;
        const enabled = isEnabled ? 1 : 0;
        await (flow === undefined
          ? session.write('INSERT INTO Flow (flowID, accountID, webhookEnabled) VALUES (?, ?, ?)', [
              id,
              account,
              enabled,
            ])
          : session.write('UPDATE Flow SET webhookEnabled = ? WHERE flowID = ?', [enabled, id]));
        return true;
      });
    },
    /** The settings of all three steps. */
    show: async (accountId: IntegerId): Promise<AccountSettings> =>
      await readSettings(session, accountId),
    close: session.close,
  };
}

const setAccountIn = {
  rows: `INSERT INTO Accountconfig (accountID, configKey, configValue) VALUES (?, '${SETTING}', ?)
    ON DUPLICATE KEY UPDATE configValue = VALUES(configValue)`,
  column: `INSERT INTO Accountconfig (accountID, \`${SETTING}\`) VALUES (?, ?)
    ON DUPLICATE KEY UPDATE \`${SETTING}\` = VALUES(\`${SETTING}\`)`,
} as const;

/** The three steps as they are set for one account. */
interface AccountSettings {
  /** The setting's text as it is stored; null for none. */
  readonly setting: string | null;
  readonly webhooks: readonly (StoredWebhook & {
    /** Null when they can't be used. */
    readonly secrets: number | null;
    /** Their names; null when they can't be read. */
    readonly headers: readonly string[] | null;
  })[];
  readonly flows: readonly {
    readonly flowId: IntegerId;
    readonly name: string | null;
    readonly isEnabled: boolean;
  }[];
}

const TIMEOUT_MS = 5_000;

/**
 * The settings of all three steps, as a user reads them who may only do that. Rejects with `OtherTables`, which a user
 * without the right to read a table gets as well: it is not there for them. Else with the driver's error.
 */
export async function readWithClient(
  client: MysqlClient,
  accountId: IntegerId,
  signal: AbortSignal,
): Promise<AccountSettings> {
  const reader: Reader = {
    async rows(sql, values) {
      const limits = { timeoutMs: TIMEOUT_MS, signal };
      const { columns, rows } = await client.query(sql, values, limits);
      return rows.map((row) =>
        Object.fromEntries(columns.map((name, index) => [name, row[index] ?? null])),
      );
    },
  };
  return await readSettings(reader, accountId);
}

async function readSettings(reader: Reader, accountId: IntegerId): Promise<AccountSettings> {
  const account = [String(accountId)];
  const shape = await accountTable(reader);
  await requireWebhookTable(reader);
  await requireFlowTable(reader);
  const [setting] = await reader.rows(settingIn[shape], account);
  const webhooks = await reader.rows(
    'SELECT webhookID, name, url, headers, secret, isDefault FROM Webhook WHERE accountID = ? ORDER BY isDefault DESC, webhookID',
    account,
  );
  const flows = await reader.rows(
    'SELECT flowID, name, webhookEnabled FROM Flow WHERE accountID = ? ORDER BY flowID',
    account,
  );
  return {
    setting: (setting?.['value'] ?? null) as string | null,
    webhooks: webhooks.map((row) => ({
      webhookId: row['webhookID'] as IntegerId,
      name: String(row['name']),
      url: displayOf(row['url'] as string | null),
      isDefault: row['isDefault'] === 1,
      secrets: countSecrets(row['secret'] as string | null),
      headers: headerNames(row['headers'] as string | null),
    })),
    flows: flows.map((row) => ({
      flowId: row['flowID'] as IntegerId,
      name: row['name'] as string | null,
      isEnabled: row['webhookEnabled'] === 1,
    })),
  };
}

/** In rows: the one that route.key-value.sql reads. */
const settingIn = {
  column: `SELECT \`${SETTING}\` AS value FROM Accountconfig WHERE accountID = ?`,
  rows: `SELECT configValue AS value FROM Accountconfig
    WHERE accountID = ? AND configKey = '${SETTING}'
    ORDER BY CAST(configKey AS BINARY) = CAST('${SETTING}' AS BINARY) DESC, configValue LIMIT 1`,
} as const;

function headerNames(headers: string | null): readonly string[] | null {
  if (headers === null || headers === '') return [];
  try {
    const parsed: unknown = JSON.parse(headers);
    return typeof parsed === 'object' ? Object.keys(parsed ?? {}) : null;
  } catch {
    return null;
  }
}
