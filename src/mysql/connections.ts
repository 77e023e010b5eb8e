import type { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import type { Pool, PoolConnection } from 'mysql2/promise';
import { onAbort, orAbort } from '../runtime/abort.ts';
import { createBackoff } from '../runtime/backoff.ts';
import { toError } from '../runtime/errors.ts';

/**
 * Up to `size` connections, and the line of those who wait for one. None outlives its use: the driver only
 * half-closes a hung one. While some stand, no further one being had is no failure: those that stand go round.
 */
export interface Connections {
  /**
   * Lends one for the time of `task`, and keeps it afterwards only if that succeeded. Waits for as long as the
   * signal allows; rejects with the driver's error when none stands and none can be opened.
   */
  lend<Result>(task: Task<Result>, options: LendOptions): Promise<Result>;
  /** As `lend`, over a connection opened for it, where there is room for another. */
  lendNew<Result>(task: Task<Result>, options: LendOptions): Promise<Result>;
  /** Whether there is an idle one, or room for another. */
  canLend(): boolean;
  /** When one connection turned out dead in silence, those that lie idle most likely are as well. */
  dropIdle(): void;
  /** Lets idle ones say goodbye and cuts off the busy ones. Does not wait for any. */
  close(): void;
}

type Task<Result> = (connection: PoolConnection, isNew: boolean) => Promise<Result>;

interface LendOptions {
  readonly signal: AbortSignal;
  /** Goes before all others in the line. */
  readonly isUrgent?: boolean;
}

export interface ConnectionsOptions {
  readonly size: number;
  /** Told once, until all could be opened, that fewer stand. */
  onFewer(open: number, error: Error): void;
}

/** What the driver's typings leave out. */
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

/** How soon another try is made to open a further one. */
const again = { minMs: 1_000, maxMs: 30_000 } as const;

/** @param pool only opens them: nothing is ever given back to it, so that it lends each once. */
export function createConnections(pool: Pool, { size, onFewer }: ConnectionsOptions): Connections {
  const idle: Link[] = [];
  const busy = new Set<Link>();
  const line: Waiter[] = [];
  const backoff = createBackoff(again);
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

  /** `take` puts it where it belongs, at once, so that it is counted all the time. */
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
    lend,
    async lendNew(task, options) {
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
    canLend: () => idle.length > 0 || hasRoom(),
    dropIdle() {
      for (const { driver } of idle.splice(0)) destroy(driver);
    },
    close() {
      isClosed = true;
      if (retry !== null) clearTimeout(retry);
      for (const waiter of line.splice(0)) waiter.refuse(new Error('The connections are closed.'));
      for (const { driver } of busy) destroy(driver);
      // Settles only once those still connecting have given up; nobody needs to wait for them.
      pool.end().catch(() => undefined);
      for (const { driver } of idle.splice(0)) driver.stream.destroySoon();
    },
  };
}

function destroy(driver: DriverConnection): void {
  driver.destroy();
  driver.stream.destroy();
}
