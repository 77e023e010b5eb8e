import type { Buffer } from 'node:buffer';
import type { ClientRequestArgs } from 'node:http';
import { isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import { isError, toError } from '../runtime/errors.ts';
import type { Connect } from './connect.ts';

/**
 * Calls back once: with an error, or with a socket, which is connected where it goes through a proxy and still
 * connecting where not.
 *
 * @param tls null for none
 */
export function openSocket(
  connect: Connect,
  to: ClientRequestArgs,
  tls: { readonly session?: Buffer | undefined } | null,
  callback: (...result: [error: Error, socket: null] | [error: null, socket: Duplex]) => void,
): void {
  let isOver = false;
  const opened = (socket: Duplex): void => {
    if (isOver) return;
    isOver = true;
    callback(null, socket);
  };
  const failed = (error: Error): void => {
    if (isOver) return;
    isOver = true;
    callback(error, null);
  };
  const secured = tls === null ? to : { ...to, ...tls, servername: serverNameOf(to.host ?? '') };
  try {
    // Without a proxy Node calls back, if at all, when it is connected, and with nothing.
    const socket = connect(secured, (error, ready) => {
      if (isError(error)) failed(error);
      else if (ready !== undefined) opened(ready);
    });
    if (socket !== null && socket !== undefined) opened(socket);
  } catch (thrown) {
    failed(toError(thrown));
  }
}

/** What the receiver is asked for in TLS: no address, and no trailing dot (RFC 6066, section 3). */
function serverNameOf(host: string): string {
  return isIP(host) === 0 ? host.replace(/\.$/, '') : '';
}
