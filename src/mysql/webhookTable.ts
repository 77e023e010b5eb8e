import type { IntegerId } from '../domain/integerId.ts';
import type { MysqlClient } from './connect.ts';
import { readText } from './routeRow.ts';

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
