import type { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import type { Pool, PoolConnection } from 'mysql2/promise';
import { onAbort, orAbort } from '../runtime/abort.ts';
import { createBackoff } from '../runtime/retry.ts';
import { toError } from '../runtime/errors.ts';

export type Connections = ReturnType<typeof createConnections>;

type Task<Result> = (connection: PoolConnection, isNew: boolean) => Promise<Result>;

interface LendOptions {
  readonly signal: AbortSignal;
  /** Goes before all other waiters. */
  readonly isUrgent?: boolean;
}

/** What the driver's types leave out. */
interface DriverConnection extends EventEmitter {
  /** Replaced by the TLS socket once there is one. */
  readonly stream: Socket;
  destroy(): void;
}

interface Link {
  readonly connection: PoolConnection;
  readonly driver: DriverConnection;
}

interface Waiter {
  give(link: Link): void;
  refuse(error: Error): void;
}

/** The wait before another attempt to open a further connection. */
const reopenBackoff = { minMs: 1_000, maxMs: 30_000 } as const;

/**
 * Up to `size` connections, and the queue of those who wait for one. A connection whose task failed is destroyed, because
 * the driver only half-closes one that hangs. While some are open, a failure to open another is not an error.
 *
 * @param pool only opens connections: none is returned to it, so that it lends each once
 * @param onFewer called once, until all connections could be opened, with how many are open
 */
export function createConnections(
  pool: Pool,
  { size, onFewer }: { readonly size: number; onFewer(open: number, error: Error): void },
) {
  const idle: Link[] = [];
  const busy = new Set<Link>();
  const line: Waiter[] = [];
  const backoff = createBackoff(reopenBackoff);
  let opening = 0;
  let retry: NodeJS.Timeout | null = null;
  let hasFewer = false;
  let isClosed = false;

  const standing = (): number => idle.length + busy.size;
  const hasRoom = (): boolean => standing() + opening < size;

  const serve = (): void => {
    while (line.length > 0 && idle.length > 0) {
      const link = idle.pop();
      if (link !== undefined) line.shift()?.give(link);
    }
    if (retry !== null && standing() > 0) return;
    while (line.length > opening && hasRoom()) open(keep).catch(() => undefined);
  };

  /** `take` puts the connection into a list in the same step, so that it is always counted. */
  const open = async (take: (link: Link) => void): Promise<Link> => {
    opening += 1;
    let connection: PoolConnection;
    try {
      connection = await pool.getConnection();
    } catch (error) {
      failed(toError(error));
      throw error;
    }
    const link = toLink(connection);
    opening -= 1;
    take(link);
    if (standing() === size) hasFewer = false;
    return link;
  };
  const toLink = (connection: PoolConnection): Link => {
    const link = { connection, driver: connection.connection as unknown as DriverConnection };
    const forget = (): void => {
      const index = idle.indexOf(link);
      if (index >= 0) idle.splice(index, 1);
    };
    link.driver.on('end', forget);
    // The pool listens for the first error only; a second one without a listener ends the process.
    link.driver.on('error', forget);
    backoff.reset();
    return link;
  };
  const failed = (error: Error): void => {
    opening -= 1;
    if (standing() > 0) {
      retry ??= setTimeout(() => {
        retry = null;
        serve();
      }, backoff.next()).unref();
      if (!hasFewer && !isClosed) onFewer(standing(), error);
      hasFewer = true;
    } else if (opening === 0) {
      for (const waiter of line.splice(0)) waiter.refuse(error);
    }
  };

  const keep = (link: Link): void => {
    const { stream } = link.driver;
    if (isClosed || stream.destroyed || stream.readableEnded) destroy(link.driver);
    else idle.push(link);
    serve();
  };
  const use = async <Result>(
    link: Link,
    task: Task<Result>,
    { signal, isNew = false }: { signal: AbortSignal; isNew?: boolean },
  ): Promise<Result> => {
    try {
      const result = await orAbort(task(link.connection, isNew), signal);
      busy.delete(link);
      keep(link);
      return result;
    } catch (error) {
      busy.delete(link);
      destroy(link.driver);
      serve();
      throw error;
    }
  };

  const standInLine = async ({ signal, isUrgent = false }: LendOptions): Promise<Link> =>
    await new Promise<Link>((resolve, reject) => {
      signal.throwIfAborted();
      if (isClosed) throw new Error('The connections are closed.');
      const forget = onAbort(signal, (reason) => {
        line.splice(line.indexOf(waiter), 1);
        reject(reason);
      });
      const waiter: Waiter = {
        give(link) {
          forget();
          busy.add(link);
          resolve(link);
        },
        refuse(error) {
          forget();
          reject(error);
        },
      };
      if (isUrgent) line.unshift(waiter);
      else line.push(waiter);
      serve();
    });

  const lend = async <Result>(task: Task<Result>, options: LendOptions): Promise<Result> =>
    await use(await standInLine(options), task, { signal: options.signal });

  return {
    /**
     * Lends a connection for the time of `task`, and keeps it afterwards only if that succeeded. Waits as long as the
     * signal allows; rejects with the driver's error if none is open and none can be opened.
     */
    lend,
    /** Like `lend`, with a connection opened for this task if there is room for another. */
    async lendNew<Result>(task: Task<Result>, options: LendOptions): Promise<Result> {
      const { signal } = options;
      signal.throwIfAborted();
      if (isClosed || !hasRoom()) return await lend(task, options);
      let isWanted = true;
      const opens = open((link) => {
        if (isWanted) busy.add(link);
        else keep(link);
      });
      let link: Link;
      try {
        link = await orAbort(opens, signal);
      } catch (error) {
        isWanted = false;
        if (signal.aborted || standing() === 0) throw error;
        return await lend(task, options);
      }
      return await use(link, task, { signal, isNew: true });
    },
    /** Whether there is an idle connection, or room for another. */
    canLend: (): boolean => idle.length > 0 || hasRoom(),
    /** If one connection was silently dead, the idle ones most likely are as well. */
    dropIdle(): void {
      for (const { driver } of idle.splice(0)) destroy(driver);
    },
    /** Closes idle connections cleanly and cuts off the busy ones. Waits for none. */
    close(): void {
      isClosed = true;
      if (retry !== null) clearTimeout(retry);
      for (const waiter of line.splice(0)) waiter.refuse(new Error('The connections are closed.'));
      for (const { driver } of busy) destroy(driver);
      // Ends only when those still connecting have given up; waiting for them is not necessary.
      pool.end().catch(() => undefined);
      for (const { driver } of idle.splice(0)) driver.stream.destroySoon();
    },
  };
}

function destroy(driver: DriverConnection): void {
  driver.destroy();
  driver.stream.destroy();
}
