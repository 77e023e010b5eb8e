import { once } from 'node:events';
import type { Server } from 'node:net';

/** Listens on 127.0.0.1 and returns the port; 0 stands for any. */
export async function listenLocally(server: Server, port = 0): Promise<number> {
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return address.port;
}
