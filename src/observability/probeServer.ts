import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Health, HealthReport } from './health.ts';
import type { PrometheusMetrics } from './metrics.ts';

export interface ProbeServer {
  /** The port in use, also when 0 was asked for. */
  readonly port: number;
  close(): Promise<void>;
}

/** Serves `/livez`, `/readyz` and `/metrics`. Rejects when the port can't be had. */
export async function startProbeServer(options: {
  readonly host: string;
  readonly port: number;
  readonly health: Health;
  readonly metrics: PrometheusMetrics;
}): Promise<ProbeServer> {
  const { host, port, health, metrics } = options;
  const server = createServer((request, response) => {
    const path = request.url?.split('?')[0];
    if (request.method !== 'GET' && request.method !== 'HEAD') response.writeHead(405).end();
    else if (path === '/livez') sendReport(response, health.live());
    else if (path === '/readyz') sendReport(response, health.ready());
    else if (path === '/metrics') void sendMetrics(response, metrics);
    else response.writeHead(404).end();
  });
  server.listen(port, host);
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    close: () => closeServer(server),
  };
}

function sendReport(response: ServerResponse, report: HealthReport): void {
  response
    .writeHead(report.status === 'ok' ? 200 : 503, { 'content-type': 'application/json' })
    .end(JSON.stringify(report));
}

async function sendMetrics(response: ServerResponse, metrics: PrometheusMetrics): Promise<void> {
  const text = await metrics.text();
  response.writeHead(200, { 'content-type': metrics.contentType }).end(text);
}

async function closeServer(server: Server): Promise<void> {
  server.close();
  server.closeAllConnections();
  await once(server, 'close');
}
