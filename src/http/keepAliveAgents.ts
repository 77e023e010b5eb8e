import http from 'node:http';
import https from 'node:https';

export interface KeepAliveAgents {
  readonly http: http.Agent;
  readonly https: https.Agent;
  /** Closes every connection, those in use too. */
  close(): void;
}

/**
 * How long an unused connection is kept. A receiver that closes it at the moment we write on it costs an
 * attempt: the call may have been read, so it can't just be made again. So we must be first to close.
 * Apache, uvicorn and Node close after 5 s, nginx and load balancers after a minute or more; those that
 * announce less (`Keep-Alive: timeout=`) are obeyed by Node, with a second to spare. The default of Go and
 * Java clients, 90 s, would meet this race daily; below 4 s a steady trickle of calls would reconnect.
 */
const IDLE_MS = 4_000;

/** One agent per protocol, and no limit to running calls but the caller's: nothing ever queues here. */
export function createKeepAliveAgents(options: {
  readonly maxInFlight: number;
  readonly connectTimeoutMs: number;
}): KeepAliveAgents {
  const { maxInFlight, connectTimeoutMs } = options;
  const shared: https.AgentOptions = {
    keepAlive: true,
    timeout: IDLE_MS,
    maxFreeSockets: maxInFlight,
    // Explicit, since NODE_TLS_REJECT_UNAUTHORIZED=0 in the environment would otherwise win.
    rejectUnauthorized: true,
    // With several addresses Node leaves each after 250 ms: never enough for a receiver on another
    // continent whose second address is an unreachable IPv6 one.
    autoSelectFamilyAttemptTimeout: Math.max(250, Math.floor(connectTimeoutMs / 4)),
  };
  const agents = { http: new http.Agent(shared), https: new https.Agent(shared) };
  boundIdle(agents.http, maxInFlight);
  boundIdle(agents.https, maxInFlight);
  return {
    ...agents,
    close() {
      agents.http.destroy();
      agents.https.destroy();
    },
  };
}

/**
 * Keeps at most `max` idle connections over all receivers. Node bounds them per receiver only, and with
 * `maxTotalSockets` a call would wait for other receivers' idle connections to time out.
 */
function boundIdle(agent: http.Agent, max: number): void {
  const keepSocketAlive = agent.keepSocketAlive.bind(agent);
  agent.keepSocketAlive = (socket) => {
    let idle = 0;
    for (const sockets of Object.values(agent.freeSockets)) idle += sockets?.length ?? 0;
    // Node closes the connection unless this answers true; its type does not know.
    return idle < max ? keepSocketAlive(socket) : undefined;
  };
}
