import type { IntegerId } from '../domain/ids.ts';
import { requireWebhookTable, type Session } from './centralSession.ts';
import {
  displayOf,
  lockRows,
  type StoredWebhook,
  type WebhookSetting,
  withoutSecret,
} from './webhookRows.ts';

/** One webhook of one account: never that of another account, whatever its id. */
export interface WebhookId {
  readonly accountId: IntegerId;
  readonly webhookId: IntegerId;
}

/** What is undefined is left empty. */
export interface NewWebhook extends WebhookSetting {
  readonly url: string;
  readonly isDefault: boolean;
}

export type WebhookAdded =
  | Readonly<{
      kind: 'written';
      webhook: StoredWebhook;
      /** The one that was the default before; null when none was, or when this one is none. */
      replaced: StoredWebhook | null;
    }>
  | Readonly<{ kind: 'nameTaken' }>;

/** What is undefined is kept. */
export interface WebhookChange extends Omit<WebhookSetting, 'accountId' | 'name'> {
  readonly name: string | undefined;
}

export type WebhookChanged =
  | Readonly<{ kind: 'written'; webhook: StoredWebhook }>
  | Readonly<{ kind: 'unknown' }>
  | Readonly<{ kind: 'nameTaken' }>;

export type DefaultMade =
  Extract<WebhookAdded, { readonly kind: 'written' }> | Readonly<{ kind: 'unknown' }>;

export async function addWebhook(
  session: Session,
  { accountId, name, url, headers, secret, isDefault }: NewWebhook,
): Promise<WebhookAdded> {
  await requireWebhookTable(session);
  const row = {
    accountID: String(accountId),
    name,
    url,
    headers: jsonOf(headers) ?? null,
    secret: secret ?? null,
    isDefault: isDefault ? 1 : 0,
  };
  const columns = Object.keys(row);
  const places = columns.map(() => '?').join(', ');
  const insert = `INSERT INTO Webhook (${columns.join(', ')}) VALUES (${places})`;
  return await unlessNameIsTaken(
    async () =>
      await session.transaction(async () => {
        const replaced = isDefault ? await replaceDefault(session, accountId) : null;
        const { insertId } = await session.write(insert, Object.values(row));
        const webhook = { webhookId: insertId, name, url: displayOf(url), isDefault };
        return { kind: 'written', webhook, replaced } as const;
      }),
  );
}

export async function changeWebhook(
  session: Session,
  { accountId, webhookId }: WebhookId,
  { name, url, headers, secret }: WebhookChange,
): Promise<WebhookChanged> {
  await requireWebhookTable(session);
  const given = Object.entries({ name, url, headers: jsonOf(headers), secret }).flatMap(
    ([column, value]) => (value === undefined ? [] : [[column, value] as const]),
  );
  return await unlessNameIsTaken(
    async () =>
      await session.transaction(async () => {
        const rows = await lockRows(session, accountId);
        const before = rows.find((row) => String(row.webhookId) === String(webhookId));
        if (before === undefined) return { kind: 'unknown' } as const;
        if (given.length > 0) {
          const changes = given.map(([column]) => `${column} = ?`).join(', ');
          const values = [...given.map(([, value]) => value), String(webhookId)];
          await session.write(`UPDATE Webhook SET ${changes} WHERE webhookID = ?`, values);
        }
        const shown = url === undefined ? before.url : displayOf(url);
        const webhook = { ...withoutSecret(before), name: name ?? before.name, url: shown };
        return { kind: 'written', webhook } as const;
      }),
  );
}

export async function makeDefault(
  session: Session,
  { accountId, webhookId }: WebhookId,
): Promise<DefaultMade> {
  await requireWebhookTable(session);
  return await session.transaction(async () => {
    const rows = await lockRows(session, accountId);
    const before = rows.find((row) => String(row.webhookId) === String(webhookId));
    if (before === undefined) return { kind: 'unknown' };
    const webhook = { ...withoutSecret(before), isDefault: true };
    if (before.isDefault) return { kind: 'written', webhook, replaced: null };
    const replaced = await replaceDefault(session, accountId);
    await session.write('UPDATE Webhook SET isDefault = 1 WHERE webhookID = ?', [
      String(webhookId),
    ]);
    return { kind: 'written', webhook, replaced };
  });
}

/** The account has no default any more, until one is set. */
async function replaceDefault(
  session: Session,
  accountId: IntegerId,
): Promise<StoredWebhook | null> {
  const rows = await lockRows(session, accountId);
  const replaced = rows.find(({ isDefault }) => isDefault);
  if (replaced === undefined) return null;
  await session.write('UPDATE Webhook SET isDefault = 0 WHERE webhookID = ?', [
    String(replaced.webhookId),
  ]);
  return withoutSecret(replaced);
}

function jsonOf(headers: WebhookSetting['headers']): string | null | undefined {
  return headers && JSON.stringify(headers);
}

const DUPLICATE_KEY = 1062;

async function unlessNameIsTaken<Result>(
  write: () => Promise<Result>,
): Promise<Result | Readonly<{ kind: 'nameTaken' }>> {
  try {
    return await write();
  } catch (error) {
    if ((error as { errno?: unknown }).errno !== DUPLICATE_KEY) throw error;
    return { kind: 'nameTaken' };
  }
}
