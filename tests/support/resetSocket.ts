import type { Socket } from 'node:net';

/**
 * Ends a connection by a reset (RST). One that is already saying goodbye is only destroyed: a reset would
 * never complete there, and Node would hang at its exit.
 */
export function resetSocket(socket: Socket): void {
  if (socket.writableEnded) socket.destroy();
  else socket.resetAndDestroy();
}
