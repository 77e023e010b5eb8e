import type { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import type { Pool, PoolConnection } from 'mysql2/promise';
import { orAbort } from '../runtime/abort.ts';

/** A pool's connections, so that none outlives its use: the driver only half-closes a hung one. */
export interface Connections {
  /** Lends one for the time of `task`, and keeps it afterwards only if that succeeded. */
  lend<Result>(
    task: (connection: PoolConnection) => Promise<Result>,
    signal: AbortSignal,
  ): Promise<Result>;
  /** When one connection turned out dead in silence, those that lie idle most likely are as well. */
  dropIdle(): void;
  /** Lets idle ones say goodbye and cuts off the busy ones. Does not wait for any. */
  close(): void;
}

/** What the driver's typings leave out. */
interface DriverConnection extends EventEmitter {
  /** Replaced by the TLS socket once there is one. */
  readonly stream: Socket;
  destroy(): void;
}

export function createConnections(pool: Pool): Connections {
  const open = new Set<DriverConnection>();
  const busy = new Set<DriverConnection>();

  pool.pool.on('connection', (connection) => {
    const driverConnection = connection as unknown as DriverConnection;
    open.add(driverConnection);
    driverConnection.on('end', () => open.delete(driverConnection));
    // The pool listens for the first error only; a second one without a listener ends the process.
    driverConnection.on('error', () => open.delete(driverConnection));
  });

  const drop = (connection: DriverConnection): void => {
    open.delete(connection);
    connection.destroy();
    connection.stream.destroy();
  };

  return {
    async lend(task, signal) {
      const connection = await acquire(pool, signal);
      const driverConnection = connection.connection as unknown as DriverConnection;
      busy.add(driverConnection);
      try {
        const result = await orAbort(task(connection), signal);
        connection.release();
        return result;
      } catch (error) {
        drop(driverConnection);
        throw error;
      } finally {
        busy.delete(driverConnection);
      }
    },
    dropIdle() {
      for (const connection of open) if (!busy.has(connection)) drop(connection);
    },
    close() {
      for (const connection of busy) drop(connection);
      // Settles only once those still connecting have given up; nobody needs to wait for them.
      pool.end().catch(() => undefined);
      for (const { stream } of open) stream.destroySoon();
    },
  };
}

/** The driver can't be told to give up waiting: what comes too late goes back unused. */
async function acquire(pool: Pool, signal: AbortSignal): Promise<PoolConnection> {
  const connecting = pool.getConnection();
  try {
    return await orAbort(connecting, signal);
  } catch (error) {
    connecting.then(
      (late) => late.release(),
      () => undefined,
    );
    throw error;
  }
}
