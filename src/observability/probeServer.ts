import { createServer, type ServerResponse } from 'node:http';
import { toError } from '../runtime/errors.ts';
import { listen, type Listening } from '../runtime/listen.ts';
import type { Health, HealthReport } from './health.ts';
import type { PrometheusMetrics } from './metrics.ts';

/** Serves `/livez`, `/readyz` and `/metrics`. Rejects with a `ConfigurationError` for a port that can't be used. */
export async function startProbeServer(options: {
  readonly host: string;
  readonly port: number;
  readonly health: Health;
  readonly metrics: PrometheusMetrics;
  /** Brings the metrics up to date before they are shown. */
  refresh(): Promise<void>;
}): Promise<Listening> {
  const { host, port, health } = options;
  const server = createServer((request, response) => {
    const path = request.url?.split('?')[0];
    if (request.method !== 'GET' && request.method !== 'HEAD') response.writeHead(405).end();
    else if (path === '/livez') sendReport(response, health.live());
    else if (path === '/readyz') sendReport(response, health.ready());
    else if (path === '/metrics') void sendMetrics(response, options);
    else response.writeHead(404).end();
  });
  const remedy = 'set HTTP_HOST and HTTP_PORT to a free address and port, or HTTP_PORT=off';
  return await listen(server, { host, port, remedy });
}

function sendReport(response: ServerResponse, report: HealthReport): void {
  response
    .writeHead(report.status === 'ok' ? 200 : 503, { 'content-type': 'application/json' })
    .end(JSON.stringify(report));
}

async function sendMetrics(
  response: ServerResponse,
  { metrics, refresh }: { readonly metrics: PrometheusMetrics; refresh(): Promise<void> },
): Promise<void> {
  try {
    await refresh();
    const text = await metrics.text();
    response.writeHead(200, { 'content-type': metrics.contentType }).end(text);
  } catch (thrown) {
    response.writeHead(500, { 'content-type': 'text/plain' }).end(toError(thrown).message);
  }
}
