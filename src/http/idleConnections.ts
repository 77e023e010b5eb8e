import type { Connection } from './connection.ts';

/** The connections of all endpoints that serve no call. */
export interface IdleConnections {
  /** Closes it when the time is over, or when there are too many that are idle for less long. */
  add(connection: Connection, untilMs: number): void;
  /** It serves a call, or is closed. */
  remove(connection: Connection): void;
  isExpired(connection: Connection): boolean;
  close(): void;
}

const CHECK_MS = 250;

/** By one timer for all: timers that are set and cleared for every call cost more than what they are for. */
export function createIdleConnections(atMost: number, clock: () => number): IdleConnections {
  const untilByConnection = new Map<Connection, number>();
  let timer: NodeJS.Timeout | undefined;

  const remove = (connection: Connection): void => {
    untilByConnection.delete(connection);
  };
  const stop = (): void => {
    clearInterval(timer);
    timer = undefined;
  };
  const check = (): void => {
    const now = clock();
    for (const [connection, until] of untilByConnection) if (until <= now) connection.close();
    if (untilByConnection.size === 0) stop();
  };
  return {
    add(connection, untilMs) {
      untilByConnection.set(connection, untilMs);
      timer ??= setInterval(check, CHECK_MS);
      if (untilByConnection.size <= atMost) return;
      const [oldest] = untilByConnection.keys();
      oldest?.close();
    },
    remove,
    isExpired: (connection) => (untilByConnection.get(connection) ?? 0) <= clock(),
    close: stop,
  };
}
