import type { ClientRequest, ClientRequestArgs } from 'node:http';
import type { Connection, ConnectionListener, ServedCall } from './connection.ts';
import type { IdleConnections } from './idleConnections.ts';
import type { ReceiverTrust } from './receiverTrust.ts';
import { afterNextPoll } from '../runtime/afterNextPoll.ts';

/** The connections of one endpoint. */
export interface EndpointConnections {
  /** Gives the call a connection, or the error that there is none. */
  serve(request: ClientRequest, to: ClientRequestArgs): void;
}

export type OpenConnection = (
  to: ClientRequestArgs,
  listener: ConnectionListener,
  callback: (...result: [error: Error, connection: null] | [error: null, Connection]) => void,
) => void;

interface Surroundings {
  readonly open: OpenConnection;
  readonly trust: ReceiverTrust;
  readonly idle: IdleConnections;
  readonly maxAgeMs: number;
  clock(): number;
  /** There is none left, and no call waits for one. */
  onEmpty(): void;
}

/**
 * How long an unused connection is kept. A receiver that closes one at the moment we write on it costs an
 * attempt: it may have read the call, so the call can't just be made again. Hence we have to be first. gunicorn
 * closes after 2 s, others after 5 s (Apache, uvicorn, Node) or a minute; where one announces less
 * (`Keep-Alive: timeout=`), a second before that. What is left is the race with receivers that close sooner
 * unannounced: `connection_reset`, as any other.
 */
const IDLE_MS = 1_500;

/**
 * How long a receiver is listened to after an answer whose like was not heard from it before. What follows an
 * answer in a segment of its own may wait for an acknowledgement, which may take 40 ms more than the way.
 */
const QUIET_MS = 100;

interface Waiting {
  readonly request: ClientRequest;
  readonly to: ClientRequestArgs;
}

/**
 * A connection serves again when its last answer ended where it says, and nothing followed: from a receiver that is
 * known to be quiet, nothing that has arrived by now; from another, nothing for a while. Calls wait for
 * connections that are being listened to, one for each; another one would take longer to open. Whoever was
 * heard to say too much gets a connection for each call.
 */
export function createEndpointConnections(
  key: string,
  { open, trust, idle, maxAgeMs, clock, onEmpty }: Surroundings,
): EndpointConnections {
  const ready: Connection[] = [];
  const listenedTo = new Set<Connection>();
  /** Of these, those whose call has an answer before all of it is known to be written. */
  const unwritten = new Set<Connection>();
  const waiting: Waiting[] = [];
  let size = 0;

  const serveOn = (connection: Connection, request: ClientRequest): void => {
    idle.remove(connection);
    request.reusedSocket = true;
    connection.serve(request);
  };
  const takeReady = (): Connection | undefined => {
    for (let last = ready.pop(); last !== undefined; last = ready.pop()) {
      const isYoung = clock() - last.openedAtMs < maxAgeMs;
      if (isYoung && last.isOpen() && !idle.isExpired(last)) return last;
      last.close();
    }
    return undefined;
  };
  const takeWaiting = (): Waiting | undefined => {
    for (let first = waiting.shift(); first !== undefined; first = waiting.shift()) {
      if (!first.request.destroyed) return first;
      giveNone(first.request, null);
    }
    return undefined;
  };
  const forgetIfEmpty = (): void => {
    if (size === 0 && waiting.length === 0) onEmpty();
  };
  const openFor = ({ request, to }: Waiting): void => {
    size += 1;
    let mine: Connection | null = null;
    const listener: ConnectionListener = {
      onFree: (served) => mine !== null && onFree(mine, served),
      onAnsweredEarly: () => mine !== null && expectFree(mine),
      onTooMuch() {
        trust.saidTooMuch(key);
        mine?.close();
      },
      onClose: () => mine !== null && onClose(mine),
    };
    open(to, listener, (...[error, connection]) => {
      if (error === null) {
        mine = connection;
        mine.serve(request);
        return;
      }
      size -= 1;
      giveNone(request, error);
      forgetIfEmpty();
    });
  };
  const openForWaiting = (): void => {
    while (waiting.length > listenedTo.size) {
      const next = takeWaiting();
      if (next !== undefined) openFor(next);
    }
  };
  const heard = (connection: Connection): void => {
    if (!listenedTo.delete(connection)) return;
    // Who waits for it then gets another one, once it is closed.
    if (!connection.isOpen()) {
      connection.close();
      return;
    }
    const next = takeWaiting();
    if (next === undefined) ready.push(connection);
    else serveOn(connection, next.request);
  };
  const listenTo = (connection: Connection, statusCode: number): void => {
    listenedTo.add(connection);
    if (trust.isTrusted(key, statusCode)) {
      afterNextPoll(() => heard(connection));
      return;
    }
    setTimeout(() => {
      if (!listenedTo.has(connection)) return;
      trust.wasQuiet(key, statusCode);
      heard(connection);
    }, QUIET_MS);
  };
  const expectFree = (connection: Connection): void => {
    listenedTo.add(connection);
    unwritten.add(connection);
    setTimeout(() => {
      if (!unwritten.delete(connection)) return;
      listenedTo.delete(connection);
      openForWaiting();
    }, QUIET_MS);
  };
  const onFree = (connection: Connection, served: ServedCall): void => {
    unwritten.delete(connection);
    if (served?.end === 'later') trust.saidTooMuch(key);
    const idleMs = Math.min(IDLE_MS, (served?.keepAliveMs ?? Infinity) - 1_000);
    const isClean = served === null || served.end === 'where announced';
    const isKept = isClean && idleMs > 0 && !trust.isDistrusted(key) && connection.isOpen();
    const now = clock();
    if (!isKept || now - connection.openedAtMs >= maxAgeMs) {
      connection.close();
      return;
    }
    if (served === null) ready.push(connection);
    else listenTo(connection, served.statusCode);
    idle.add(connection, Math.min(now + idleMs, connection.openedAtMs + maxAgeMs));
  };
  const onClose = (connection: Connection): void => {
    size -= 1;
    idle.remove(connection);
    listenedTo.delete(connection);
    unwritten.delete(connection);
    const at = ready.indexOf(connection);
    if (at !== -1) ready.splice(at, 1);
    openForWaiting();
    forgetIfEmpty();
  };

  return {
    serve(request, to) {
      const connection = takeReady();
      if (connection !== undefined) serveOn(connection, request);
      else if (waiting.length < listenedTo.size) waiting.push({ request, to });
      else openFor({ request, to });
    },
  };
}

/** As an agent does: Node then fails the request with the error, or with what it was destroyed with. */
function giveNone(request: ClientRequest, error: Error | null): void {
  const { onSocket } = request as unknown as {
    onSocket(this: ClientRequest, socket: null, error: Error | null): void;
  };
  onSocket.call(request, null, error);
}
