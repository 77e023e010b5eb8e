import type { ClientRequest, ClientRequestArgs } from 'node:http';
import { LRUCache } from 'lru-cache';
import { afterNextPoll } from '../runtime/afterNextPoll.ts';
import type { Connection, ConnectionListener, IdleConnections, ServedCall } from './connection.ts';

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
 * How long an unused connection is kept. If a receiver closes one at the moment a call is written to it, the attempt
 * fails: the receiver may have read the call, so it can't simply be repeated. So this side closes first: gunicorn closes
 * after 2 s, others after 5 s (Apache, uvicorn, Node) or a minute. If a receiver announces less
 * (`Keep-Alive: timeout=`), one second before that. Receivers that close sooner without notice cause a
 * `connection_reset`.
 */
const IDLE_MS = 1_500;

/**
 * How long a connection is watched after an answer of an endpoint that is not trusted yet. Bytes that follow an answer in
 * a segment of their own may wait for an acknowledgement, which can take 40 ms more than the network.
 */
const QUIET_MS = 100;

interface Waiting {
  readonly request: ClientRequest;
  readonly to: ClientRequestArgs;
}

/**
 * A connection is reused if its last answer ended where announced, and nothing followed: for a trusted receiver,
 * nothing by now; for another, nothing for a while. Calls wait for connections that are being watched, one for
 * each, because opening another would take longer. A receiver that sent too much gets a new connection for each call.
 */
export function createEndpointConnections(
  key: string,
  { open, trust, idle, maxAgeMs, clock, onEmpty }: Surroundings,
): EndpointConnections {
  const ready: Connection[] = [];
  const listenedTo = new Set<Connection>();
  /** Of these, those whose call was answered before it is known to be written. */
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
      const now = clock();
      const isYoung = now - last.openedAtMs < maxAgeMs;
      if (isYoung && last.isOpen() && !idle.isExpired(last, now)) return last;
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
  /** Must hold no call: it lives as long as its connection, and would keep the first call with its body. */
  const listen = (): Readonly<{
    listener: ConnectionListener;
    to(connection: Connection): void;
  }> => {
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
    return {
      listener,
      to(connection) {
        mine = connection;
      },
    };
  };
  const openFor = ({ request, to }: Waiting): void => {
    size += 1;
    const listening = listen();
    open(to, listening.listener, (...[error, connection]) => {
      if (error === null) {
        listening.to(connection);
        connection.serve(request);
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
    // The call that waits for it gets another one when it is closed.
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

/** As an agent does: Node then fails the request with this error, or with the one it was destroyed with. */
function giveNone(request: ClientRequest, error: Error | null): void {
  const { onSocket } = request as unknown as {
    onSocket(this: ClientRequest, socket: null, error: Error | null): void;
  };
  onSocket.call(request, null, error);
}

const ENDPOINTS_AT_MOST = 10_000;
const STATUSES_AT_MOST = 16;
/** How often nothing must have followed. */
const QUIET_TIMES = 2;
const DISTRUST_MS = 600_000;

interface Known {
  /** By status: how often nothing followed an answer. */
  readonly quietTimes: Map<number, number>;
  distrustedUntil: number;
}

type ReceiverTrust = ReturnType<typeof createReceiverTrust>;

/** Which endpoints send nothing after their answers; of those that were called last. */
export function createReceiverTrust(now: () => number) {
  const endpoints = new LRUCache<string, Known>({ max: ENDPOINTS_AT_MOST });
  const known = (endpointKey: string): Known => {
    const found = endpoints.get(endpointKey) ?? { quietTimes: new Map(), distrustedUntil: 0 };
    endpoints.set(endpointKey, found);
    return found;
  };
  return {
    /** Nothing follows its answers of this status. */
    isTrusted: (endpointKey: string, statusCode: number): boolean =>
      (endpoints.get(endpointKey)?.quietTimes.get(statusCode) ?? 0) >= QUIET_TIMES,
    /** Something followed an answer recently. */
    isDistrusted: (endpointKey: string): boolean =>
      (endpoints.get(endpointKey)?.distrustedUntil ?? -Infinity) > now(),
    /** Nothing followed for a while. */
    wasQuiet(endpointKey: string, statusCode: number): void {
      const { quietTimes } = known(endpointKey);
      if (quietTimes.size < STATUSES_AT_MOST || quietTimes.has(statusCode)) {
        quietTimes.set(statusCode, (quietTimes.get(statusCode) ?? 0) + 1);
      }
    },
    saidTooMuch(endpointKey: string): void {
      const found = known(endpointKey);
      found.quietTimes.clear();
      found.distrustedUntil = now() + DISTRUST_MS;
    },
  };
}
