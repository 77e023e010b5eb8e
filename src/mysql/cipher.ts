import type { MysqlClient } from './connect.ts';
import { readText } from './routeRow.ts';

const TIMEOUT_MS = 5_000;

/** What the connection is encrypted with; null when it is in the clear. Rejects with the driver's error. */
export async function findCipher(client: MysqlClient, signal: AbortSignal): Promise<string | null> {
  const sql = "SHOW SESSION STATUS LIKE 'Ssl_cipher'";
  const { rows } = await client.query(sql, [], { timeoutMs: TIMEOUT_MS, signal });
  return readText(rows[0]?.[1]) || null;
}
