import { type IntegerId, parseIntegerId } from '../domain/ids.ts';
import type { SecretChange } from '../domain/secretRotation.ts';
import { allSchemes, parseWebhookUrl } from '../domain/webhook.ts';
import { requireWebhookTable, type Session } from './centralSession.ts';
import type { MysqlClient } from './connect.ts';
import { readText } from './routeRow.ts';

/** One of an account's webhooks, without its secrets. */
export interface StoredWebhook {
  readonly webhookId: IntegerId;
  readonly name: string;
  /** Without userinfo, query and fragment; null where nothing can be shown of it. */
  readonly url: string | null;
  readonly isDefault: boolean;
}

/** What is written of a webhook; what is undefined is kept, or left empty in a new one. */
export interface WebhookSetting {
  readonly accountId: IntegerId;
  readonly name: string;
  readonly url: string | undefined;
  /** Null for none. */
  readonly headers: Readonly<Record<string, string>> | null | undefined;
  /** Null for none. */
  readonly secret: string | null | undefined;
}

export type WebhookWritten =
  | Readonly<{
      kind: 'written';
      webhook: StoredWebhook;
      isNew: boolean;
      /** The one that was the account's default before; null when none was, or this one. */
      replaced: StoredWebhook | null;
    }>
  /** There is none of that name, and a new one needs a URL. */
  | Readonly<{ kind: 'needsUrl' }>;

export type SecretWritten =
  | Readonly<{ kind: 'written'; webhook: StoredWebhook; count: number }>
  | Readonly<{ kind: 'refused'; webhook: StoredWebhook; why: string }>
  /** None, or more than one, is meant. */
  | Readonly<{ kind: 'unknown'; others: readonly StoredWebhook[] }>;

/** Which of an account's webhooks is meant: by its name or its id, by its id alone, or null for the default one. */
export type Which = string | Readonly<{ webhookId: IntegerId }> | null;

interface Row extends StoredWebhook {
  readonly secret: string | null;
  /** By the column's collation, as its unique key has it. */
  readonly isNamed: boolean;
}

/** Makes it the account's default. */
export async function writeWebhook(
  session: Session,
  { accountId, name, url, headers, secret }: WebhookSetting,
): Promise<WebhookWritten> {
  await requireWebhookTable(session);
  return await session.transaction(async () => {
    const rows = await lockRows(session, accountId, name);
    const before = rows.find(({ isNamed }) => isNamed);
    if (before === undefined && url === undefined) return { kind: 'needsUrl' };
    const replaced = rows.find((row) => row.isDefault && row !== before) ?? null;
    if (replaced !== null) {
      await session.write('UPDATE Webhook SET isDefault = 0 WHERE webhookID = ?', [
        String(replaced.webhookId),
      ]);
    }
    const given: Record<string, string | number | null> = {
      ...(url === undefined ? {} : { url }),
      ...(headers === undefined ? {} : { headers: headers && JSON.stringify(headers) }),
      ...(secret === undefined ? {} : { secret }),
      isDefault: 1,
    };
    const shown = { url: url === undefined ? (before?.url ?? null) : displayOf(url) };
    const common = { kind: 'written', replaced: replaced && withoutSecret(replaced) } as const;
    if (before !== undefined) {
      const changes = Object.keys(given).map((column) => `${column} = ?`);
      const values = [...Object.values(given), String(before.webhookId)];
      await session.write(`UPDATE Webhook SET ${changes.join(', ')} WHERE webhookID = ?`, values);
      const webhook = { ...withoutSecret(before), ...shown, isDefault: true };
      return { ...common, webhook, isNew: false };
    }
    const row = { accountID: String(accountId), name, ...given };
    const { insertId } = await session.write(
      `INSERT INTO Webhook (${Object.keys(row).join(', ')}) VALUES (${Object.keys(row)
        .map(() => '?')
        .join(', ')})`,
      Object.values(row),
    );
    const webhook = { webhookId: insertId, name, ...shown, isDefault: true };
    return { ...common, webhook, isNew: true };
  });
}

/** Changes the secrets of one webhook. `change` may be called more than once; others wait until this is over. */
export async function changeSecret(
  session: Session,
  { accountId, which }: { readonly accountId: IntegerId; readonly which: Which },
  change: (secret: string | null) => SecretChange,
): Promise<SecretWritten> {
  await requireWebhookTable(session);
  return await session.transaction(async () => {
    const rows = await lockRows(session, accountId, typeof which === 'string' ? which : '');
    const meant = rows.filter((row) => isMeant(row, which));
    const [row] = meant;
    if (row === undefined || meant.length > 1) {
      return { kind: 'unknown', others: rows.map(withoutSecret) };
    }
    const changed = change(row.secret);
    const webhook = withoutSecret(row);
    if (changed.kind === 'refused') return { kind: 'refused', webhook, why: changed.why };
    await session.write('UPDATE Webhook SET secret = ? WHERE webhookID = ?', [
      changed.secret,
      String(row.webhookId),
    ]);
    return { kind: 'written', webhook, count: changed.count };
  });
}

function isMeant({ isDefault, isNamed, webhookId }: Row, which: Which): boolean {
  if (which === null) return isDefault;
  if (typeof which === 'string') return isNamed || String(webhookId) === which;
  return String(webhookId) === String(which.webhookId);
}

export function displayOf(url: string | null): string | null {
  return parseWebhookUrl(url, allSchemes).displayUrl;
}

/** All of an account's, so that two who change them do so one after the other. */
export async function lockRows(
  session: Session,
  accountId: IntegerId,
  name = '',
): Promise<readonly Row[]> {
  const rows = await session.rows(
    `SELECT webhookID, name, url, secret, isDefault, name = ? AS isNamed
     FROM Webhook WHERE accountID = ? ORDER BY webhookID FOR UPDATE`,
    [name, String(accountId)],
  );
  return rows.map((row) => ({
    webhookId: row['webhookID'] as IntegerId,
    name: String(row['name']),
    url: displayOf(row['url'] as string | null),
    isDefault: row['isDefault'] === 1,
    isNamed: row['isNamed'] === 1,
    secret: row['secret'] as string | null,
  }));
}

export function withoutSecret({ webhookId, name, url, isDefault }: Row): StoredWebhook {
  return { webhookId, name, url, isDefault };
}

const TIMEOUT_MS = 5_000;

/** Of the reference schema; null when there is no such webhook. Rejects with the driver's error. */
export async function findWebhookUrl(
  client: MysqlClient,
  webhookId: IntegerId,
  signal: AbortSignal,
): Promise<string | null> {
  const sql = 'SELECT url FROM Webhook WHERE webhookID = ?';
  const { rows } = await client.query(sql, [BigInt(webhookId)], { timeoutMs: TIMEOUT_MS, signal });
  return readText(rows[0]?.[0] ?? null);
}

/** The webhook's account; null if it is unknown. */
export async function findWebhookAccount(
  client: MysqlClient,
  webhookId: IntegerId,
  signal: AbortSignal,
): Promise<IntegerId | null> {
  const sql = 'SELECT accountID FROM Webhook WHERE webhookID = ?';
  const limits = { timeoutMs: TIMEOUT_MS, signal };
  const { rows } = await client.query(sql, [BigInt(webhookId)], limits).catch(() => none);
  const value = rows[0]?.[0] ?? null;
  return parseIntegerId(typeof value === 'number' ? value : readText(value));
}

const none = { rows: [] } as const;
