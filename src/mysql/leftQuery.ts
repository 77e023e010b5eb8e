import type { PoolConnection, RowDataPacket } from 'mysql2/promise';
import { onAbort } from '../runtime/abort.ts';
import type { Connections } from './connections.ts';

/**
 * What became of a query whose answer is not waited for any more:
 * - ended: the server was at it, and was told to stop
 * - atRest: the server's session is not at it: the question or the answer got lost
 * - absent: the server does not show that session: it is gone, or it is in a stored function that runs with its
 *   definer's rights
 * - unknown: the server did not say
 */
export type LeftQuery = 'ended' | 'atRest' | 'absent' | 'unknown';

const PATIENCE_MS = 2_000;
const atWork = new Set<unknown>(['Execute', 'Query', 'Prepare']);

/**
 * A server goes on with a query although nobody waits for it any more: behind a lock that is held for minutes,
 * those given up would come to take all its connections. A user may see and end its own sessions without any
 * further right.
 */
export async function endLeftQuery(
  connections: Connections,
  { threadId, leastMs, signal }: { threadId: number; leastMs: number; signal: AbortSignal },
): Promise<LeftQuery> {
  const patience = new AbortController();
  const giveUp = (): void => patience.abort(new Error('the server did not say in time'));
  const timer = setTimeout(giveUp, PATIENCE_MS);
  const forget = onAbort(signal, giveUp);
  const work = async (connection: PoolConnection, isNew: boolean): Promise<LeftQuery> => {
    const [sessions] = await connection.query<RowDataPacket[][]>({
      sql: 'SHOW PROCESSLIST',
      rowsAsArray: true,
      nestTables: false,
      typeCast: true,
    });
    const isAtWork = sessions.some(
      ([id, _user, _host, _database, command, seconds]) =>
        Number(id) === threadId &&
        atWork.has(command) &&
        // In whole seconds. Another server's session of that number most likely has not been at it for so long.
        Number(seconds) >= Math.floor(leastMs / 1000) - 1,
    );
    if (!isAtWork) {
      // If one was dead in silence, those that lie idle most likely are as well, unless one of them shows otherwise.
      if (isNew) connections.dropIdle();
      return sessions.some(([id]) => Number(id) === threadId) ? 'atRest' : 'absent';
    }
    await connection.query(`KILL ${threadId}`);
    return 'ended';
  };
  try {
    return await connections.lendNew(work, { signal: patience.signal, isUrgent: true });
  } catch {
    return 'unknown';
  } finally {
    clearTimeout(timer);
    forget();
  }
}
