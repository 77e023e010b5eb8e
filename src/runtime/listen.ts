import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ConfigurationError, toError } from './errors.ts';

/** A server that listens. */
export interface Listening {
  /** The port in use, also when 0 was asked for. */
  readonly port: number;
  /** Connections are cut off. */
  close(): Promise<void>;
}

/** Rejects with a `ConfigurationError` for a port that can't be used; `remedy` says what to set, as an instruction. */
export async function listen(
  server: Server,
  { host, port, remedy }: Readonly<{ host: string; port: number; remedy: string }>,
): Promise<Listening> {
  server.listen(port, host);
  try {
    await once(server, 'listening');
  } catch (cause) {
    throw new ConfigurationError(
      `cannot listen on ${host}, port ${port} (${toError(cause).message}): ${remedy}`,
      { cause },
    );
  }
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}
