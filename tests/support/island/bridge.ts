import { once } from 'node:events';
import {
  connect,
  createServer,
  type NetConnectOpts,
  type ListenOptions,
  type Server,
} from 'node:net';

/** Passes on whatever is said to one place to another one, and back. */
export async function openBridge(from: ListenOptions, to: NetConnectOpts): Promise<Server> {
  const server = createServer((near) => {
    const far = connect(to);
    near.pipe(far).pipe(near);
    near.on('error', () => far.destroy()).on('close', () => far.destroy());
    far.on('error', () => near.destroy()).on('close', () => near.destroy());
  });
  server.listen(from);
  await once(server, 'listening');
  return server;
}
