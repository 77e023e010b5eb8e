import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { Request } from 'got';

export interface TimeLimits {
  /** From now to the last byte of the body. */
  readonly requestTimeoutMs: number;
  /** To have a connection that can be written to: DNS, TCP on as many addresses as there are, and TLS. */
  readonly connectTimeoutMs: number;
}

/**
 * Watches over one request; the function it returns ends the watch. got's own timers bound DNS, TCP and
 * TLS one by one, so that connecting may take three times its limit.
 */
export function limitTime(
  request: Request,
  { requestTimeoutMs, connectTimeoutMs }: TimeLimits,
  onTimeout: (error: 'timeout' | 'timeout_connect') => void,
): () => void {
  // Through a proxy the socket comes when it is connected.
  let isConnecting = true;
  let connectTimer: NodeJS.Timeout | undefined;
  // After a pause of the process (or a long task) timers come first and would fail calls whose answer is
  // waiting in the socket: that is read before the immediate.
  const requestTimer = setTimeout(() => {
    setImmediate(() => {
      onTimeout(isConnecting ? 'timeout_connect' : 'timeout');
    });
  }, requestTimeoutMs);

  request.once('socket', (socket: Socket) => {
    isConnecting = socket.connecting;
    if (!isConnecting) return;
    connectTimer = setTimeout(() => {
      setImmediate(() => {
        if (isConnecting) onTimeout('timeout_connect');
      });
    }, connectTimeoutMs);
    socket.once(socket instanceof TLSSocket ? 'secureConnect' : 'connect', () => {
      isConnecting = false;
      clearTimeout(connectTimer);
    });
  });

  return () => {
    clearTimeout(requestTimer);
    clearTimeout(connectTimer);
  };
}
