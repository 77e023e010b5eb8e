import http from 'node:http';
import https from 'node:https';
import type { Egress } from './egress.ts';

export interface KeepAliveAgents {
  readonly http: http.Agent;
  readonly https: https.Agent;
  /** Closes every connection, those in use too. */
  close(): void;
}

/**
 * How long an unused connection is kept. A receiver that closes one at the moment we write on it costs an
 * attempt: it may have read the call, so the call can't just be made again. Hence we have to be first.
 * The shortest time in wide use is 5 s (Apache, uvicorn, Node); nginx and load balancers take a minute or
 * more. Where a receiver announces less (`Keep-Alive: timeout=`) Node obeys, with a second to spare. What
 * is left is the race with receivers that close sooner unannounced: `connection_reset`, as any other.
 */
const IDLE_MS = 4_000;

/** One agent per protocol, and no limit to running calls but the caller's: nothing ever queues here. */
export function createKeepAliveAgents(options: {
  readonly maxInFlight: number;
  readonly connectTimeoutMs: number;
  readonly egress: Egress;
}): KeepAliveAgents {
  const { maxInFlight, connectTimeoutMs, egress } = options;
  const shared: https.AgentOptions = {
    keepAlive: true,
    timeout: IDLE_MS,
    maxFreeSockets: maxInFlight,
    // Explicit, since NODE_TLS_REJECT_UNAUTHORIZED=0 in the environment would otherwise win.
    rejectUnauthorized: true,
    // Of several addresses Node gives each but the last 250 ms: too few for a receiver on another
    // continent, and in vain when the last is an IPv6 one that can't be reached from here.
    autoSelectFamilyAttemptTimeout: Math.max(250, Math.floor(connectTimeoutMs / 4)),
  };
  const agents = { http: new http.Agent(shared), https: new https.Agent(shared) };
  for (const agent of Object.values(agents)) {
    egress.guard(agent);
    boundIdle(agent, maxInFlight);
  }
  return {
    ...agents,
    close() {
      egress.close();
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
