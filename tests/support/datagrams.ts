import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Prints each datagram; what comes along with one, such as a descriptor, is closed by not being taken. */
const program = `import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
print('bound', flush=True)
while True: print(s.recv(65536).decode(), flush=True)`;

/** A socket as systemd has it for its services, by Python, which has such sockets. */
export async function receiveDatagrams() {
  const folder = await mkdtemp(join(tmpdir(), 'notify-on-delivery-socket-'));
  const path = join(folder, 'notify');
  const child = spawn('python3', ['-c', program, path], { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.on('data', (data: Buffer) => (text += data.toString()));
  await once(child.stdout, 'data');
  return {
    path,
    /** All that was received, without systemd-notify's own requests for an answer. */
    received: (): readonly string[] =>
      text.split('\n').filter((line) => !['', 'bound', 'BARRIER=1'].includes(line)),
    async [Symbol.asyncDispose](): Promise<void> {
      child.kill('SIGKILL');
      await once(child, 'close');
      await rm(folder, { recursive: true, force: true });
    },
  };
}
