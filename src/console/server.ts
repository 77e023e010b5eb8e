import type { Server } from 'node:http';
import { createAdaptorServer } from '@hono/node-server';
import type { Hono } from 'hono';
import { listen, type Listening } from '../runtime/listen.ts';
import type { ConsoleEnv } from './context.ts';

/** A browser that says nothing for so long is gone. */
const REQUEST_TIMEOUT_MS = 15_000;
const MAX_CONNECTIONS = 200;

/** Rejects with a `ConfigurationError` for a port that can't be used. */
export async function serveConsole(
  app: Hono<ConsoleEnv>,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<Listening> {
  const server = createAdaptorServer({ fetch: app.fetch }) as Server;
  server.requestTimeout = REQUEST_TIMEOUT_MS;
  server.headersTimeout = REQUEST_TIMEOUT_MS;
  server.maxConnections = MAX_CONNECTIONS;
  const remedy = 'set CONSOLE_HOST and CONSOLE_PORT to a free address and port';
  return await listen(server, { host, port, remedy });
}
