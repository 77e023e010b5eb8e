import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import type { Hono } from 'hono';
import { ConfigurationError, toError } from '../runtime/errors.ts';
import type { ConsoleEnv } from './context.ts';

/** A browser that says nothing for so long is gone. */
const REQUEST_TIMEOUT_MS = 15_000;
const MAX_CONNECTIONS = 200;

/** Rejects with a `ConfigurationError` for a port that can't be used. */
export async function serveConsole(
  app: Hono<ConsoleEnv>,
  { host, port }: { readonly host: string; readonly port: number },
) {
  const server = createAdaptorServer({ fetch: app.fetch }) as Server;
  server.requestTimeout = REQUEST_TIMEOUT_MS;
  server.headersTimeout = REQUEST_TIMEOUT_MS;
  server.maxConnections = MAX_CONNECTIONS;
  server.listen(port, host);
  try {
    await once(server, 'listening');
  } catch (cause) {
    throw new ConfigurationError(
      `cannot listen on ${host}, port ${port} (${toError(cause).message}): set CONSOLE_HOST and CONSOLE_PORT to a free address and port`,
      { cause },
    );
  }
  return {
    /** The port in use, also when 0 was asked for. */
    port: (server.address() as AddressInfo).port,
    async close(): Promise<void> {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}
