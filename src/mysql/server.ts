import { connect, isIP, type Socket } from 'node:net';
import type { ConnectionOptions } from 'mysql2/promise';

/** Where a server is and who asks it. */
export interface MysqlServer {
  readonly host: string;
  readonly port: number;
  /** Of a Unix socket that is used instead of host and port; null for none. */
  readonly socketPath: string | null;
  readonly user: string;
  readonly password: string;
  readonly database: string;
  /** Null for the driver's own, of utf8mb4. */
  readonly charset: string | null;
  /** Whether the server may ask for the password itself. */
  readonly sendsPasswordPlain: boolean;
  /** Null: in the clear. */
  readonly tls: {
    /** Of the server's certificate: nothing, its authority, or that and the host's name in it. */
    readonly verify: 'nothing' | 'authority' | 'identity';
    /** PEM of the authorities to trust; null for those that Node knows. */
    readonly ca: string | null;
    readonly client: { readonly cert: string; readonly key: string } | null;
    readonly minVersion: 'TLSv1.2' | 'TLSv1.3';
  } | null;
}

/**
 * As the driver takes it. Never as a connection string: of its options the driver passes over those that it does not
 * know, `ssl-mode` among them, and takes others that change what a query returns.
 */
export function driverOptions(server: MysqlServer): ConnectionOptions {
  const { host, port, user, password, database, socketPath, charset, tls } = server;
  return {
    ...{ host, port, user, password, database, supportBigNumbers: true },
    ...(socketPath === null ? {} : { socketPath }),
    ...(charset === null ? {} : { charset: charset.toUpperCase() }),
    ...(server.sendsPasswordPlain ? { enableCleartextPlugin: true } : {}),
    ...(tls === null
      ? {}
      : {
          ssl: {
            rejectUnauthorized: tls.verify !== 'nothing',
            verifyIdentity: tls.verify === 'identity',
            minVersion: tls.minVersion,
            ...(tls.ca === null ? {} : { ca: tls.ca }),
            ...tls.client,
          },
        }),
    ...(tls?.verify === 'identity' && socketPath === null && isIP(host) !== 0
      ? { stream: () => connectByAddress(host, port) }
      : {}),
  };
}

const KEEP_ALIVE_MS = 30_000;

/**
 * Without a server name TLS holds the certificate against the host that the socket was opened for, which a socket
 * knows for a name only: for an address it would be compared with "localhost". Otherwise as the driver does it.
 */
function connectByAddress(host: string, port: number): Socket {
  const socket = connect({ host, port, noDelay: true });
  socket.on('connect', () => socket.setKeepAlive(true, KEEP_ALIVE_MS));
  return Object.assign(socket, { _host: host });
}
